/** What a Linux unit makes of a sudden end, of a disk that tore a page, of a crash and of a second program on its flash. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { concat, viewOf } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { crc32 } from "#codec/crc.ts";
import { imagePaths } from "#firmware/image.ts";
import { type Bench, benchUnit, lineOf } from "../firmware/made-unit.ts";
import { times } from "../tier.ts";
import { unitProcess } from "./processes.ts";

const { flash } = readBoard("linux");
const PAGE_BYTES = 4096;
const REDO_START = flash.bytes - 2 * PAGE_BYTES;
/** Below the images, where records lie: nothing of a bare unit is there. */
const AUDIT = flash.regions.audit?.start ?? 0;

/** Counts up in flash, a word of four bytes each time, and says each number once the flash holds it. */
const COUNTER = `var at=${AUDIT},f=native.flash,n=0;
while(f.read(at+4*n,4)[0]!==255)n++;
function say(t){native.console.write(Uint8Array.from(t+"\\n",function(c){return c.charCodeAt(0)}))}
say("found "+n);
native.onEvent(function(e){if(e.kind!=="timer"||n>3000)return;
f.write(at+4*n,Uint8Array.of(n&127,n>>7,1,1));n++;say("wrote "+n);native.clock.wakeAt(native.clock.milliseconds()+5)});
native.clock.wakeAt(0);`;

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

test("a unit that is killed at any moment has kept what it said that its flash holds", async () => {
  bench = await benchUnit("linux", COUNTER);
  let promised = 0;
  for (let round = 0; round < times(8, 200); round++) {
    const said = await lineOf(bench.station, /^found (\d+)$/);
    expect(Number(said[1])).toBeGreaterThanOrEqual(promised);
    bench.station.unit()?.onLine((line) => {
      promised = Math.max(promised, Number(/^wrote (\d+)$/.exec(line)?.[1] ?? 0));
    });
    if (promised < 3000) await lineOf(bench.station, /^wrote /);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    await bench.station.power(false);
    await bench.station.power(true);
  }
  expect(promised).toBeGreaterThan(8);
});

function redoRecord(address: number, page: Uint8Array): Uint8Array {
  const head = new Uint8Array(16);
  const view = viewOf(head);
  view.setUint32(0, 0x4f444552, true);
  view.setUint32(4, address, true);
  view.setUint32(12, crc32(concat(head.subarray(0, 12), page)), true);
  return concat(head, page);
}

test("a page that the disk tore is written again from the redo record, and a torn record changes nothing", async () => {
  const HEAD = `native.console.write(Uint8Array.from("byte "+native.flash.read(${AUDIT + 100},1)[0]+"\\n",function(c){return c.charCodeAt(0)}))`;
  bench = await benchUnit("linux", HEAD);
  await lineOf(bench.station, /^byte 255$/);
  await bench.station.power(false);
  const file = openSync(bench.flashPath, "r+");
  const page = new Uint8Array(PAGE_BYTES);
  readSync(file, page, 0, PAGE_BYTES, AUDIT);
  page[100] = 42;
  const torn = redoRecord(AUDIT, page);
  torn[1000] = (torn[1000] ?? 0) ^ 1;
  writeSync(file, torn, 0, torn.length, REDO_START);
  await bench.station.power(true);
  await lineOf(bench.station, /^byte 255$/);
  await bench.station.power(false);
  const whole = redoRecord(AUDIT, page);
  writeSync(file, whole, 0, whole.length, REDO_START);
  // What the disk left of the page itself.
  writeSync(file, new Uint8Array(PAGE_BYTES).fill(0x55), 0, PAGE_BYTES, AUDIT);
  closeSync(file);
  await bench.station.power(true);
  await lineOf(bench.station, /^byte 42$/);
});

test("a crash is a start by fault, and a second program on the same flash is refused", async () => {
  bench = await benchUnit("linux", COUNTER);
  await lineOf(bench.station, /^found 0$/);
  const second = spawnSync(imagePaths("linux").runtime, ["--flash", bench.flashPath], { encoding: "utf8" });
  expect(second.status).toBe(2);
  expect(second.stderr).toMatch(/another latchkey-unit runs on this flash; end it first/);
  const again = lineOf(bench.station, /^latchkey: boot native A js A trial 0 fault/);
  process.kill(unitProcess(bench.station.unit()?.pid ?? -1), "SIGSEGV");
  await again;
});
