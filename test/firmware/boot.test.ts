/** The boot stage on the emulated boards: it starts what verifies, and nothing else. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { describeOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

const HELLO = 'native.console.write(Uint8Array.from("hello "+native.system.resetReason+"\\n",c=>c.charCodeAt(0)))';
let bench: Bench | undefined;

afterEach(() => bench?.station.power(false));

/** Changes one bit in the flash of a unit that has no power. */
function flipBit(path: string, address: number): void {
  const file = openSync(path, "r+");
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, address);
  writeSync(file, Uint8Array.of((byte[0] as number) ^ 1), 0, 1, address);
  closeSync(file);
}

describeOnNativeBoards((board) => {
  const { regions, sectorBytes } = readBoard(board).flash;

  test("starts a native image and a bundle that a release key signed", async () => {
    bench = await benchUnit(board, HELLO);
    expect((await lineOf(bench.station, /^hello (\S+)/))[1]).toBe("power");
  });

  test.each(["jsA", "nativeA", "settings"])("one changed bit in %s and nothing of it runs", async (region) => {
    bench = await benchUnit(board, HELLO);
    await lineOf(bench.station, /^hello/);
    await bench.station.power(false);
    const start = regions[region]?.start ?? 0;
    flipBit(bench.flashPath, region === "settings" ? start + 300 : start + sectorBytes + 77);
    await bench.station.power(true);
    const [said] = await lineOf(bench.station, /^(hello|latchkey: boot: no).*/);
    expect(said).toMatch(/^latchkey: boot: no/);
  });
});
