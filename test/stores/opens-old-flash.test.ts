/**
 * The flash that commit 621686e left (test/vectors/stores) has an earlier flash map, so a home refuses it. Once it has the
 * present map, its unit starts from it and serves its owner and guests as before.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { call } from "#phone/call.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { copyOldStores, OLD_UNITS } from "./old-stores.ts";
import { type OldHome, oldHome, updateFlash } from "./old-unit.ts";

const stores = copyOldStores();
const flash = stores.path("onboarded.flash");
let home: OldHome | undefined;

const guest = (name: string) => ({
  holderSeed: readKeyFile(stores.path(`${name}.key`), "holder").seed,
  chain: fromHex(readFileSync(stores.path(`${name}.chain`), "utf8").trim()) as Uint8Array,
});

it("a home with flash of an earlier map is refused in one line that says what to do", async () => {
  const units = join(stores.path("."), "units", OLD_UNITS.shelved.id);
  mkdirSync(units, { recursive: true });
  copyFileSync(stores.path("shelved.flash"), join(units, "unit.flash"));
  const config = join(stores.path("."), "flash.config.json");
  writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync("flash.config.json", "utf8")), output: "." }));
  const { status, stdout, stderr } = spawnSync("node", ["bin/latchkey.mjs", "home", "--config", config], {
    encoding: "utf8",
  });
  expect(stderr.trim()).toBe(
    `latchkey: the flash file ${join(units, "unit.flash")} has 1048576 bytes (expected ${readBoard("sim").flash.bytes}): ` +
      "it is damaged, or was written with another flash map. Restore it, or make the unit again: latchkey factory make",
  );
  expect([status, stdout]).toEqual([1, ""]);
});

beforeAll(async () => {
  await updateFlash(flash, stores.path("keys"), 4);
});
afterAll(async () => {
  await home?.stop();
  stores.remove();
});

/** What owner and guests notice: who is let in, what the unit knows of its cloud and its place. */
async function usedAsBefore(at: OldHome): Promise<void> {
  const owner = await at.session("owner");
  expect(await call(owner, "setLamp", { on: true })).toMatchObject({ ok: true });
  expect(await call(owner, "lamp")).toMatchObject({ ok: true, value: true });
  const described = await owner.request({ op: "describe" });
  expect(described.ok && described.value instanceof Map && described.value.get("product")).toBe("lamp");
  await owner.close();
  const friend = await at.session(guest("guest"));
  expect(await call(friend, "setLamp", { on: false })).toMatchObject({ ok: true });
  expect(await call(friend, "brightness")).toMatchObject({ ok: false, fault: "GRANT_RIGHT" });
  await friend.close();
  await expect(at.session(guest("former-guest"))).rejects.toThrow(/GRANT_REVOKED/);
}

describe("a unit's old flash", () => {
  it("joins its network under the present bundle, and lets in its owner and its guest, but not the former one", async () => {
    home = await oldHome(flash, OLD_UNITS.onboarded);
    expect(await home.start()).toBe(true);
    await usedAsBefore(home);
    await home.stop();
  });

  it("does so after power failed at any flash operation of its first start, where an upgrade would happen", async () => {
    const kept = `${flash}.kept`;
    copyFileSync(flash, kept);
    for (let operation = 0, isOver = false; !isOver; operation++) {
      copyFileSync(kept, flash);
      home = await oldHome(flash, OLD_UNITS.onboarded);
      // Once it is up before the cut comes, its start has no more operations.
      isOver = await home.start(`${operation}:half`);
      expect(await home.start()).toBe(true);
      await usedAsBefore(home);
      await home.stop();
    }
  });
});
