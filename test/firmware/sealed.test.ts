/** What a unit compiled of its bundle is written once, believed only when it is this unit's own, and never needed. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { equal } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { describeOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

/** Twenty functions whose code is of one length, one that says them all, and a statement that runs it. */
const SCRIPT = [
  ...Array.from({ length: 20 }, (_, i) => `function f${10 + i}(){return ${1010 + i}}`),
  'function say(text){native.console.write(Uint8Array.from(text+"\\n",c=>c.charCodeAt(0)))}',
  `say("sum "+(${Array.from({ length: 20 }, (_, i) => `f${10 + i}()`).join('+" "+')}))`,
].join("\f");
const SUM = Array.from({ length: 20 }, (_, i) => String(1010 + i)).join(" ");

const ROW_BYTES = 16;
const HEAD_BYTES = 28;
const TRIES = 3;
/** What a unit's process exits with when its power was cut as it was told. */
const POWER_CUT = 80;

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

describeOnNativeBoards((board) => {
  const { regions, sectorBytes, writeBytes } = readBoard(board).flash;
  const region = regions.codeA as { start: number; bytes: number };
  const index = region.start + sectorBytes;

  function look(address: number, length: number): Uint8Array {
    const file = openSync(bench?.flashPath as string, "r");
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, address);
    closeSync(file);
    return bytes;
  }
  function put(address: number, bytes: Uint8Array): void {
    const file = openSync(bench?.flashPath as string, "r+");
    writeSync(file, bytes, 0, bytes.length, address);
    closeSync(file);
  }
  /** Some emulators write the flash's file in their own time: waits until it stays as it is. */
  async function settled(): Promise<void> {
    for (let before = look(region.start, region.bytes); ; ) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      const now = look(region.start, region.bytes);
      if (equal(now, before)) return;
      before = now;
    }
  }
  /** Switches the unit on until it has said its sum. @returns Whether it wrote what it compiled. */
  async function start(cut?: string): Promise<boolean> {
    await bench?.station.power(false);
    await bench?.station.power(true, cut);
    return until();
  }
  async function until(): Promise<boolean> {
    const station = (bench as Bench).station;
    let sealed = false;
    station.unit()?.onLine((line) => {
      sealed ||= /^latchkey: sealed \d+/.test(line);
    });
    expect((await lineOf(station, /^sum (.*)/))[1]).toBe(SUM);
    await settled();
    await station.power(false);
    return sealed;
  }
  /** Starts it anew and takes the power away at a write or an erase, counted from the start. */
  async function cut(operation: number): Promise<void> {
    const { station } = bench as Bench;
    await station.power(false);
    await station.power(true, `${operation}:before`);
    expect(await station.unit()?.exited).toBe(POWER_CUT);
  }
  const first = async () => {
    bench = await benchUnit(board, SCRIPT);
    return until();
  };
  const rows = () => {
    const count = new DataView(look(index + 24, 4).buffer).getUint32(0, true);
    const table = new DataView(look(index + HEAD_BYTES, count * ROW_BYTES).buffer);
    return Array.from({ length: count }, (_, i) => ({
      at: region.start + table.getUint32(i * ROW_BYTES + 8, true),
      bytes: table.getUint32(i * ROW_BYTES + 12, true),
    }));
  };

  test("is written at a bundle's first start and at no other", async () => {
    expect(await first()).toBe(true);
    const held = look(region.start, region.bytes);
    expect(rows()).toHaveLength(22);
    expect(await start()).toBe(false);
    expect(await start()).toBe(false);
    expect(look(region.start, region.bytes)).toEqual(held);
  });

  test("code with a changed bit, and another function's code, are not run", async () => {
    await first();
    const entries = rows();
    for (const { at, bytes } of entries.slice(0, 8)) {
      const code = look(at, bytes);
      code[bytes - 3] = (code[bytes - 3] as number) ^ 1;
      put(at, code);
    }
    const [one, other] = entries.slice(8, 10) as [(typeof entries)[0], (typeof entries)[0]];
    expect(one.bytes).toBe(other.bytes);
    const kept = look(one.at, one.bytes);
    put(one.at, look(other.at, other.bytes));
    put(other.at, kept);
    const changed = look(region.start, region.bytes);
    expect(await start()).toBe(false);
    expect(look(region.start, region.bytes)).toEqual(changed);
  });

  test("what another unit's key sealed is written anew", async () => {
    await first();
    const maker = (bench as Bench).maker;
    const settings = [
      settingRecord(PROVISIONED.product, utf8("bench")),
      settingRecord(PROVISIONED.roots, encodeCbor(maker.roots)),
      settingRecord(PROVISIONED.keySet, maker.keySet),
      settingRecord(OWN.key, new Uint8Array(32).fill(7)),
    ];
    const place = { ...regions.settings, sectorBytes, writeBytes };
    put(place.start, encodeLog(place, settings) as Uint8Array);
    const before = rows().map(({ at, bytes }) => look(at, bytes));
    expect(await start()).toBe(true);
    const after = rows().map(({ at, bytes }) => look(at, bytes));
    after.forEach((code, i) => {
      expect(code.slice(16)).toEqual(before[i]?.slice(16));
      expect(code.slice(0, 16)).not.toEqual(before[i]?.slice(0, 16));
    });
  });

  test("a changed index is written anew, three times a bundle at most", async () => {
    await first();
    for (let tries = 1; tries <= TRIES; tries++) {
      const head = look(index, HEAD_BYTES);
      put(
        index,
        head.map((byte, i) => (i === tries ? byte ^ 1 : byte)),
      );
      expect(await start()).toBe(tries < TRIES);
    }
  });

  test("a power cut while it is written costs one of the three tries, and never the start", async () => {
    bench = await benchUnit(board, SCRIPT);
    await cut(4);
    expect(await start()).toBe(true);
    expect(await start()).toBe(false);
    const spoilt = look(index, HEAD_BYTES);
    put(
      index,
      spoilt.map((byte) => byte ^ 1),
    );
    await cut(9);
    expect(await start()).toBe(false);
  });
});
