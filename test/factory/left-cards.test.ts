import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { removeLeftCards } from "#factory/left-cards.ts";

const units = join(mkdtempSync(join(tmpdir(), "latchkey-left-cards-")), "units");
afterAll(() => rmSync(join(units, ".."), { recursive: true, force: true }));

function put(folder: string, ...names: string[]): string[] {
  mkdirSync(join(units, folder), { recursive: true });
  return names.map((name) => {
    writeFileSync(join(units, folder, name), "");
    return join(units, folder, name);
  });
}

it("cards that a killed line left behind go when the next one starts; those of finished units and running lines stay", () => {
  const [made, unfinished, drawn, dead, mine] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(24)) as string[];
  const sheets = ["label.png", "card.png", "print.pdf"];
  const kept = put(made as string, ...sheets, "unit.flash");
  const flash = put(unfinished as string, "unit.flash");
  const left = [
    ...put(unfinished as string, ...sheets),
    ...put(`${drawn}.new`, "card.png"),
    ...put(`${dead}.new-4194305`, "card.png"),
  ];
  const running = put(`${mine}.new-${process.pid}`, "card.png");
  removeLeftCards(units, (id) => id === made);
  expect(left.filter(existsSync)).toEqual([]);
  expect([...kept, ...flash, ...running].filter((path) => !existsSync(path))).toEqual([]);
  expect(removeLeftCards(join(units, "nowhere"), () => true)).toEqual([]);
});
