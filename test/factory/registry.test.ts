import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { expect, test } from "vitest";
import { openRegistry, type UnitRow } from "#factory/registry.ts";

const unit: UnitRow = {
  id: "0123456789abcdef01234567",
  product: "lamp",
  board: "sim",
  hardwareRevision: 3,
  fleet: "workshop",
  cards: "noFlash",
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

test("units are listed in the order in which they were made, each with all that was noted of it", () => {
  const registry = openRegistry(fresh());
  const second = { ...unit, id: "00".repeat(12), cards: "all", deviceKey: "sealed by this chip" } as const;
  registry.add(unit);
  registry.add(second);
  expect(registry.list()).toEqual([unit, second]);
  registry.close();
});

test("a registry of an older line opens, its units in it", () => {
  const path = fresh();
  const old = new Database(path);
  old.exec(`CREATE TABLE units (id TEXT PRIMARY KEY, product TEXT NOT NULL, board TEXT NOT NULL, publicKey BLOB NOT NULL,
    grantCti BLOB NOT NULL, release TEXT NOT NULL, madeAtS INTEGER NOT NULL) STRICT`);
  old.exec(`INSERT INTO units VALUES ('${unit.id}', 'lamp', 'sim', x'07', x'09', '1', 1780000000)`);
  old.close();
  const registry = openRegistry(path);
  expect(registry.find(unit.id)).toMatchObject({ release: "1", hardwareRevision: 1, cards: "noFlash" });
  registry.add({ ...unit, id: "11".repeat(12) });
  expect(registry.count()).toBe(2);
  registry.close();
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
