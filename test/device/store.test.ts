/** The typed store: what a unit remembers, as facts; what it assumes of bytes that it can't read; who may write what. */
import { describe, expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { openSettings } from "#device/settings.ts";
import { ENTRIES, ENTRY_NAMES } from "#device/store/entries.ts";
import { MEANINGS } from "#device/store/meanings.ts";
import { forget, isGiven, openStore, performStore, remember, unreadableNames } from "#device/store/store.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { flashModel, GEOMETRIES, type Geometry } from "../powercut/flash-model.ts";
import { settingsOver } from "./start-of.ts";

const GARBAGE = Uint8Array.of(0xff, 0xff, 0xff);
const KEY = new Uint8Array(32).fill(9);

describe("the table of entries", () => {
  test("has every name that may lie in flash, once, with a meaning for what can't be read or written", () => {
    const inFlash = Object.values(ENTRIES).map(({ name }) => name);
    expect([...inFlash].sort()).toEqual([...Object.values(PROVISIONED), ...Object.values(OWN)].sort());
    expect([...ENTRY_NAMES].sort()).toEqual(Object.keys(ENTRIES).sort());
    expect(Object.keys(MEANINGS).sort()).toEqual(Object.keys(ENTRIES).sort());
    for (const { unreadable, unwritable } of Object.values(MEANINGS)) {
      expect(unreadable).not.toBe("");
      expect(unwritable).not.toBe("");
    }
  });

  test("gives back what it wrote", () => {
    const written = [
      remember("wifi", { ssid: utf8("home"), passphrase: utf8("correct horse") }),
      remember("airCounter", 2 ** 39 + 5),
      remember("claimed", true),
      remember("fleetCalls", true),
      remember("timeFloor", 1_800_000_000),
      remember("usage", [{ link: new Uint8Array(8), isDeep: false, uses: 3, recent: 2 }]),
      remember("revocations", [{ key: KEY, sequence: 4, floor: 1, revoked: new Uint8Array(8) }]),
      remember("place", [5_200_000, -1_300_000]),
      remember("update", { signed: utf8("release"), isCarried: true }),
      remember("provisioned", ["product", "air-key"]),
      remember("roots", [KEY, KEY, KEY]),
    ];
    const values = new Map<string, Uint8Array>();
    const store = openStore(settingsOver(values));
    const writer = (name: string) => Object.values(ENTRIES).find((entry) => entry.name === name)?.writers[0] ?? "";
    for (const each of written) expect(performStore(store, writer(each.name), each)).toBe(true);
    for (const { facts } of [store, openStore(settingsOver(values))]) {
      expect(facts).toMatchObject({
        wifi: { ssid: utf8("home"), passphrase: utf8("correct horse") },
        airCounter: 2 ** 39 + 5,
        claimed: true,
        fleetCalls: true,
        timeFloor: 1_800_000_000,
        usage: [{ uses: 3, recent: 2 }],
        revocations: [{ sequence: 4, floor: 1 }],
        place: [5_200_000, -1_300_000],
        update: { signed: utf8("release"), isCarried: true },
        provisioned: ["product", "air-key"],
      });
      expect(facts.unreadable.size).toBe(0);
    }
  });

  test("tells which entries can't be read, which absent ones are not", () => {
    const free = ["product", "fleet", "key-set", "key-set-before", "claimed", "app-failure", "app-crash"];
    const values = new Map(Object.values(ENTRIES).map(({ name }) => [name as string, GARBAGE]));
    const { facts } = openStore(settingsOver(values));
    const expected = Object.values(ENTRIES).flatMap(({ name }) => (free.includes(name) ? [] : [name]));
    // Text that isn't UTF-8 can't be read either; key sets are checked by their signatures, and the claim by being there.
    expect([...unreadableNames(facts)].sort()).toEqual([...expected, "product", "fleet"].sort());
    expect(facts.claimed).toBe(true);
    expect(openStore(settingsOver(new Map())).facts.unreadable.size).toBe(0);
  });
});

describe("writing", () => {
  test("a fact changes only when the flash took it", () => {
    const geometry = GEOMETRIES[0] as Geometry;
    const flash = flashModel(geometry, new Uint8Array(4 * geometry.sectorBytes).fill(0xff));
    const store = openStore(openSettings(flash, { start: 0, bytes: 2 * geometry.sectorBytes }));
    expect(performStore(store, "gate", remember("timeFloor", 1))).toBe(true);
    for (const sector of [0, 1, 2, 3]) flash.worn.add(sector);
    expect(performStore(store, "gate", remember("timeFloor", 2))).toBe(false);
    expect(performStore(store, "gate", forget("timeFloor"))).toBe(false);
    expect(store.facts.timeFloor).toBe(1);
  });

  test("a machine can't write another one's entries", () => {
    const store = openStore(settingsOver(new Map()));
    expect(() => performStore(store, "onboarding", remember("revocations", []))).toThrow(/its own entries/);
    expect(() => performStore(store, "link", forget("wifi"))).toThrow(/its own entries/);
  });

  test("a station gives what is the factory's, in its form, and nothing else", () => {
    expect(isGiven(PROVISIONED.product, utf8("lamp"))).toBe(true);
    expect(isGiven(PROVISIONED.airKey, KEY)).toBe(true);
    expect(isGiven(PROVISIONED.airKey, KEY.subarray(1))).toBe(false);
    expect(isGiven(PROVISIONED.hardware, Uint8Array.of(1))).toBe(false);
    for (const name of [OWN.key, OWN.claimed, OWN.revocations, "anything"]) expect(isGiven(name, KEY)).toBe(false);
  });
});

describe("a resale whose record is in flash", () => {
  test("stands for the entries that are still to be written", () => {
    const values = new Map<string, Uint8Array>([
      [PROVISIONED.airKey, new Uint8Array(32).fill(1)],
      [OWN.place, encodeCbor([1, 2])],
      [OWN.resale, encodeCbor([utf8("no grant"), KEY, encodeCbor([[KEY, 3, 2, new Uint8Array(0)]]), 1_800_000_000])],
    ]);
    const store = openStore(settingsOver(values));
    expect(store.facts).toMatchObject({ airKey: KEY, resoldAt: 1_800_000_000, revocations: [{ floor: 2 }] });
    expect([store.facts.place, store.facts.ownerGrant]).toEqual([undefined, undefined]);
    // Reading one entry again changes nothing of that, as long as the record is there.
    performStore(store, "gate", remember("airKey", new Uint8Array(32).fill(1)));
    expect(store.facts.airKey).toEqual(KEY);
    performStore(store, "gate", forget("resale"));
    performStore(store, "gate", remember("airKey", new Uint8Array(32).fill(2)));
    expect(store.facts.airKey).toEqual(new Uint8Array(32).fill(2));
  });
});
