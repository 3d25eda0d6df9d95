/** What a unit compiled of its bundle is written once, and run only when it is this unit's own and whole. */
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

/** In front of the code: the tag over all behind it. */
const TAG_BYTES = 16;
/** What a unit's process exits with when its power was cut as it was told. */
const POWER_CUT = 80;

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

describeOnNativeBoards((board) => {
  const { regions, sectorBytes, writeBytes } = readBoard(board).flash;
  const region = regions.codeA as { start: number; bytes: number };

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
    if (board !== "qemu-sf2") return;
    for (let before = look(region.start, region.bytes); ; ) {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
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
    let isCompiled = false;
    station.unit()?.onLine((line) => {
      isCompiled ||= /^latchkey: compiled \d+/.test(line);
    });
    expect((await lineOf(station, /^sum (.*)/))[1]).toBe(SUM);
    await settled();
    await station.power(false);
    return isCompiled;
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
  /** How many bytes the code takes, as its head says behind the tag. */
  const codeBytes = () => new DataView(look(region.start + TAG_BYTES, 4).buffer).getUint32(0, true);
  const turnBit = (at: number) => put(region.start + at, Uint8Array.of((look(region.start + at, 1)[0] as number) ^ 1));

  test("is written at a bundle's first start and at no other", async () => {
    expect(await first()).toBe(true);
    const held = look(region.start, region.bytes);
    expect(await start()).toBe(false);
    expect(await start()).toBe(false);
    expect(look(region.start, region.bytes)).toEqual(held);
  });

  test("with a changed bit anywhere is not run but written anew", async () => {
    await first();
    const held = look(region.start, region.bytes);
    const bytes = codeBytes();
    for (const at of [3, TAG_BYTES + 9, Math.floor(bytes / 2), bytes - 2]) {
      turnBit(at);
      expect(await start(), `byte ${at}`).toBe(true);
      expect(look(region.start, region.bytes), `byte ${at}`).toEqual(held);
    }
  });

  test("of another unit's key is written anew, and differs in its tag alone", async () => {
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
    const before = look(region.start, codeBytes());
    expect(await start()).toBe(true);
    const after = look(region.start, codeBytes());
    expect(after.subarray(TAG_BYTES)).toEqual(before.subarray(TAG_BYTES));
    expect(after.subarray(0, TAG_BYTES)).not.toEqual(before.subarray(0, TAG_BYTES));
  });

  test("a power cut while it is written never costs more than the start after it", async () => {
    bench = await benchUnit(board, SCRIPT);
    for (const operation of [1, 9, 40]) await cut(operation);
    expect(await start()).toBe(true);
    const bytes = codeBytes();
    expect(await start()).toBe(false);
    turnBit(bytes >> 1);
    await cut(20);
    expect(await start()).toBe(true);
    expect(await start()).toBe(false);
  });

  test("a bundle with a statement that does not compile says so, and runs nothing of it", async () => {
    bench = await benchUnit(board, `${SCRIPT}\ffunction broken(){return 1 +}`);
    const { station } = bench;
    const said: string[] = [];
    station.unit()?.onLine((line) => said.push(line));
    await lineOf(station, /^latchkey: exception: SyntaxError: (.*)/);
    expect(said.filter((line) => line.startsWith("sum"))).toEqual([]);
  });
});
