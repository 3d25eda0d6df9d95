/** Several processes write one memory file, and one of them dies: nothing is lost, and nobody waits for the dead. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { builtPath } from "#boards/sim/host/programs.ts";
import { changeMemory, recall } from "#phone/memory.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-memory-"));
const path = join(folder, "phone.json");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function process_(...args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [builtPath("test/phone/remember-process.ts"), path, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await once(child, "exit");
  return child.exitCode;
}

it("six processes remember thirty keys each at once, and all 180 are there", async () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  expect(await Promise.all(names.map((name) => process_(name, "30")))).toEqual(names.map(() => 0));
  const ctis = (recall(path, "unit")?.keys ?? []).map(({ cti }) => cti);
  expect(ctis).toHaveLength(180);
  expect(new Set(ctis).size).toBe(180);
  expect(readdirSync(folder).filter((name) => !name.endsWith(".done"))).toEqual(["phone.json"]);
});

it("a process that was killed while it held the lock keeps nobody out, and leaves the file whole", async () => {
  const before = readFileSync(path, "utf8");
  expect(await process_("g", "1", "--die")).toBeNull();
  expect(existsSync(`${path}.lock`)).toBe(true);
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(await Promise.all([process_("h", "5"), process_("i", "5")])).toEqual([0, 0]);
  expect(recall(path, "unit")?.keys).toHaveLength(190);
  expect(existsSync(`${path}.lock`)).toBe(false);
});

it("a lock of a process that lives is waited for, and named when it stays", () => {
  writeFileSync(`${path}.lock`, String(process.ppid));
  const change = () => changeMemory(path, "unit", (known) => ({ host: "", port: 1, lastCounter: 0, ...known }));
  expect(change).toThrow(new RegExp(`process ${process.ppid} has held .*phone\\.json\\.lock`));
  rmSync(`${path}.lock`);
  change();
});

it.each([
  "null",
  "[]",
  "7",
  '"x"',
  '{"a":null}',
  '{"a":{"host":"x"}}',
  '{"a":{"host":"x","port":1,"lastCounter":0,"keys":[null]}}',
  "{",
])("a file that says %s is called damaged, and is left as it is", (text) => {
  const path = join(folder, "wrong.json");
  writeFileSync(path, text);
  expect(() => recall(path, "a")).toThrow(/wrong\.json is damaged; move it away/);
  expect(() => changeMemory(path, "a", () => ({ host: "", port: 0, lastCounter: 0 }))).toThrow(/is damaged/);
  expect(readFileSync(path, "utf8")).toBe(text);
});
