import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRegistry, type UnitRow } from "#factory/registry.ts";

const unit: UnitRow = {
  id: "0123456789abcdef01234567",
  product: "lamp",
  board: "sim",
  publicKey: new Uint8Array(32).fill(7),
  grantCti: new Uint8Array(8).fill(9),
  release: "1",
  madeAtS: 1_780_000_000,
};
const fresh = () => join(mkdtempSync(join(tmpdir(), "latchkey-registry-")), "registry.db");

test("a unit that was added is there after the registry was closed and opened again", () => {
  const path = fresh();
  const first = openRegistry(path);
  first.add(unit);
  first.close();
  const again = openRegistry(path);
  expect(again.count()).toBe(1);
  expect(again.find(unit.id)).toMatchObject({ id: unit.id, product: "lamp", madeAtS: unit.madeAtS });
  expect([...(again.find(unit.id)?.publicKey ?? [])]).toEqual([...unit.publicKey]);
  again.close();
});

test("the same unit twice is refused and changes nothing", () => {
  const registry = openRegistry(fresh());
  registry.add(unit);
  expect(() => registry.add({ ...unit, product: "other" })).toThrow(/has this unit already/);
  expect(registry.find(unit.id)?.product).toBe("lamp");
  registry.close();
});

test.each([
  ["a truncated one", (path: string) => truncateSync(path, 5000)],
  ["an emptied one", (path: string) => truncateSync(path, 0)],
  [
    "another file",
    (path: string) => writeFileSync(path, "not a database at all, but long enough to be looked at as one".repeat(20)),
  ],
])("%s is refused with what to do", (_, damage) => {
  const path = fresh();
  const registry = openRegistry(path);
  for (let i = 0; i < 200; i++) registry.add({ ...unit, id: i.toString(16).padStart(24, "0") });
  registry.close();
  damage(path);
  expect(() => openRegistry(path)).toThrow(/damaged.*backup/);
});
