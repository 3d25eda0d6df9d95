/** The device key under a chip's secret: what lies in flash, and what a power cut, another chip and a trial leave of it. */
import { expect, test } from "vitest";
import { concat, equal } from "#base/bytes.ts";
import { faultNumber } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { createProvision } from "#device/provision.ts";
import { openSealedSettings, type SealingPort } from "#device/sealed-key.ts";
import { openSettings } from "#device/settings.ts";
import { openStore } from "#device/store/store.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { decodeFactoryLine, encodeFactoryLine } from "#wire/lines/factory-line.ts";
import { type FlashModel, flashModel, GEOMETRIES, type Geometry, PowerCut, TEARS } from "../powercut/flash-model.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => 0x91 ^ (i * 7));
const SECRET = new Uint8Array(32).fill(0x5e);
const OTHERS = { wifi: utf8("network and passphrase"), "owner-grant": new Uint8Array(300).fill(9) };
/** So much of the key would be more than chance. */
const PIECE_BYTES = 4;

const regionOf = ({ sectorBytes }: Geometry) => ({ start: sectorBytes, bytes: 4 * sectorBytes });
const [NOR] = GEOMETRIES as [Geometry];

function blank(geometry: Geometry): FlashModel {
  return flashModel(geometry, new Uint8Array(6 * geometry.sectorBytes).fill(0xff));
}

/** A unit that was made before its fuses were burned: what it wrote meanwhile left the key in both banks, several times. */
function plainUnit(geometry: Geometry): FlashModel {
  const flash = blank(geometry);
  const settings = openSettings(flash, regionOf(geometry));
  settings.put(OWN.key, SEED);
  const counts = Math.ceil((3 * geometry.sectorBytes) / 4000);
  for (let turn = 0; turn < counts; turn++) settings.put("floor", new Uint8Array(4000).fill(turn));
  for (const [name, value] of Object.entries(OTHERS)) settings.put(name, value);
  return flash;
}

interface Chip {
  readonly secret?: Uint8Array | undefined;
  readonly isTrial?: boolean;
}

function start(flash: FlashModel, geometry: Geometry, { secret, isTrial = false }: Chip) {
  const port: SealingPort = { flash, crypto, system: { isTrial }, secret: () => secret };
  const { settings, reporter } = openSealedSettings(port, regionOf(geometry));
  const store = openStore(settings);
  const told = reporter.step(null, { kind: "start", facts: store.facts, stored: settings, nowMs: 0 }).effects[0];
  return { settings, store, told: told?.kind === "log" ? `${told.level}: ${told.text}` : undefined };
}

function pieces(flash: FlashModel): number {
  const text = Buffer.from(flash.bytes);
  const offsets = Array.from({ length: SEED.length - PIECE_BYTES + 1 }, (_, i) => i);
  return offsets.filter((i) => text.includes(Buffer.from(SEED.subarray(i, i + PIECE_BYTES)))).length;
}

/** The bank that does not count. */
function spare(flash: FlashModel, geometry: Geometry): Uint8Array {
  const { start: first, bytes } = regionOf(geometry);
  const banks = [0, 1].map((bank) =>
    flash.bytes.subarray(first + (bank * bytes) / 2, first + ((bank + 1) * bytes) / 2),
  );
  const blanks = banks.filter((bank) => bank.every((byte) => byte === 0xff));
  return blanks[0] ?? new Uint8Array(1);
}

test.each(GEOMETRIES)("$name: without a key in the fuses all is as on other boards, byte for byte", (geometry) => {
  const flash = blank(geometry);
  const same = blank(geometry);
  const { settings } = start(flash, geometry, {});
  for (const each of [settings, openSettings(same, regionOf(geometry))]) {
    expect(each.put(OWN.key, SEED)).toBe(true);
    expect(each.put("wifi", OTHERS.wifi)).toBe(true);
  }
  expect(equal(flash.bytes, same.bytes)).toBe(true);
  const again = start(flash, geometry, {});
  expect(again.store.facts.key).toEqual(SEED);
  expect(again.told).toBe("info: device key: not sealed, no key in the fuses");
});

test.each(GEOMETRIES)("$name: a unit made with a key in its fuses never writes its own as it is", (geometry) => {
  const flash = blank(geometry);
  const { settings, told } = start(flash, geometry, { secret: SECRET });
  expect(told).toBeUndefined();
  expect(settings.put(OWN.key, SEED)).toBe(true);
  expect(settings.get(OWN.key)).toEqual(SEED);
  const again = start(flash, geometry, { secret: SECRET });
  expect(again.store.facts.key).toEqual(SEED);
  expect(again.told).toBe("info: device key: sealed by this chip");
  expect(pieces(flash)).toBe(0);
});

test("nothing of an ordinary start is written again", () => {
  const flash = blank(NOR);
  start(flash, NOR, { secret: SECRET }).settings.put(OWN.key, SEED);
  const { ops } = flash;
  start(flash, NOR, { secret: SECRET });
  expect(flash.ops).toBe(ops);
});

/** Starts until no power cut ends the start. */
function startThroughCuts(flash: FlashModel, geometry: Geometry) {
  for (;;) {
    try {
      return start(flash, geometry, { secret: SECRET });
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      const kept = openSealedSettings(
        {
          flash: { ...flash, write: () => false, eraseSector: () => false },
          crypto,
          system: { isTrial: true },
          secret: () => SECRET,
        },
        regionOf(geometry),
      ).settings;
      expect(kept.get(OWN.key), "the key after a cut").toEqual(SEED);
    }
  }
}

test.each(GEOMETRIES.filter(({ sectorBytes }) => sectorBytes === 4096))(
  "$name: fuses burned later: a cut at any operation loses nothing, and in the end nothing is left of the plain key",
  (geometry) => {
    const made = plainUnit(geometry);
    expect(pieces(made)).toBe(SEED.length - PIECE_BYTES + 1);
    let cuts = 0;
    for (const tear of TEARS) {
      for (let cutAt = 0; ; cutAt++) {
        for (const afterOps of [0, 1, 5]) {
          const flash = flashModel(geometry, made.bytes.slice());
          flash.cutAt = cutAt;
          flash.tear = tear;
          if (afterOps > 0) flash.laterCuts.push({ afterOps, tear });
          const { store, settings, told } = startThroughCuts(flash, geometry);
          expect(store.facts.key).toEqual(SEED);
          for (const [name, value] of Object.entries(OTHERS)) expect(settings.get(name)).toEqual(value);
          expect(told).toBe("info: device key: sealed by this chip");
          expect(pieces(flash)).toBe(0);
          expect(spare(flash, geometry).every((byte) => byte === 0xff)).toBe(true);
          cuts = flash.ops;
        }
        if (cutAt > cuts) break;
      }
    }
  },
);

test.each([
  [
    "another chip, whose fuses hold another key",
    new Uint8Array(32).fill(1),
    "sealed by another key than these fuses hold",
  ],
  ["a chip without a key in its fuses", undefined, "sealed by another chip: this one's fuses hold no key"],
])("the flash in %s: the key counts as unreadable, no second one is made, nothing is written", (_, secret, words) => {
  const flash = blank(NOR);
  start(flash, NOR, { secret: SECRET }).settings.put(OWN.key, SEED);
  const before = flash.bytes.slice();
  const { store, settings, told } = start(flash, NOR, { secret });
  expect(store.facts.key).toBeUndefined();
  expect([...store.facts.unreadable]).toEqual(["key"]);
  expect(told).toBe(`error: device key: ${words}`);
  const provision = createProvision(crypto, false);
  const started = provision.step(provision.initial, { kind: "start", facts: store.facts, stored: settings, nowMs: 0 });
  const bytes = utf8(encodeFactoryLine({ kind: "identify" }));
  const { effects } = provision.step(started.state, { kind: "console-data", bytes, nowMs: 1 });
  const lines = effects.map((effect) => effect.kind === "console-write" && new TextDecoder().decode(effect.bytes));
  const answers = lines.map((line) => decodeFactoryLine(String(line).trimEnd()));
  expect(answers).toEqual([{ ok: true, value: { kind: "done", fault: faultNumber("STORE_UNREADABLE") } }]);
  expect(equal(flash.bytes, before)).toBe(true);
  // In its own chip it is itself again.
  expect(start(flash, NOR, { secret: SECRET }).store.facts.key).toEqual(SEED);
});

test("a changed bit of a sealed key is noticed", () => {
  const flash = blank(NOR);
  const { settings } = start(flash, NOR, { secret: SECRET });
  settings.put(OWN.key, SEED);
  const raw = openSettings(flash, regionOf(NOR));
  const value = raw.get(OWN.key) as Uint8Array;
  raw.put(OWN.key, concat(value.subarray(0, 40), Uint8Array.of((value[40] as number) ^ 1), value.subarray(41)));
  expect(start(flash, NOR, { secret: SECRET }).store.facts.key).toBeUndefined();
});

test("a release on trial opens a sealed key and seals none: the one before it may come back", () => {
  const flash = plainUnit(NOR);
  const before = flash.bytes.slice();
  const trial = start(flash, NOR, { secret: SECRET, isTrial: true });
  expect(trial.store.facts.key).toEqual(SEED);
  expect(trial.told).toBe("info: device key: not sealed before this release is confirmed");
  expect(equal(flash.bytes, before)).toBe(true);
  start(flash, NOR, { secret: SECRET });
  expect(pieces(flash)).toBe(0);
  expect(start(flash, NOR, { secret: SECRET, isTrial: true }).store.facts.key).toEqual(SEED);
});

test("a flash that does not take the sealed key: the line hears of it, and a plain key stays what it is", () => {
  const worn = (flash: FlashModel) => {
    for (let sector = 0; sector < 6; sector++) flash.worn.add(sector);
    return flash;
  };
  const bare = worn(blank(NOR));
  expect(start(bare, NOR, { secret: SECRET }).settings.put(OWN.key, SEED)).toBe(false);
  const plain = worn(plainUnit(NOR));
  const { store, told } = start(plain, NOR, { secret: SECRET });
  expect(store.facts.key).toEqual(SEED);
  expect(told).toBe("error: device key: not sealed, the flash did not take it");
});
