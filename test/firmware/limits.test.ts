/** What a bundle does wrong ends that run, with the reason kept; the unit starts again. */
import { afterEach, expect, test } from "vitest";
import { testOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

/** Says why it started; does its wrong only after power-on, so that the second start can tell. */
const misbehaving = (wrong: string) => `
function say(text){native.console.write(Uint8Array.from(text+"\\n",c=>c.charCodeAt(0)))}\f
say("started "+native.system.resetReason);\f
if(native.system.resetReason==="power"){native.onEvent(()=>{${wrong}});native.clock.wakeAt(1)}`;

const CASES: readonly (readonly [what: string, wrong: string, reason: string])[] = [
  ["an uncaught error", 'throw new Error("no")', "exception"],
  ["a rejection that no one hears, each time that it is told of one", 'Promise.reject(new Error("no"))', "exception"],
  ["endless recursion", "(function f(){f()})()", "exception"],
  ["memory without end", "for(const all=[];;)all.push(new Uint8Array(1000))", "out-of-memory"],
  ["objects without end", "for(let all={};;)all={all}", "out-of-memory"],
  ["code without end", 'new Function("x", "x++;".repeat(40000))', "out-of-memory"],
  ["a fault of the processor that it asked for", 'native.system.restart("fault")', "fault"],
];

test.each(CASES)("%s", async (_, wrong, reason) => {
  bench = await benchUnit("qemu-mps2", misbehaving(wrong));
  expect((await lineOf(bench.station, /^started (\S+)/))[1]).toBe("power");
  expect((await lineOf(bench.station, /^started (\S+)/))[1]).toBe(reason);
});

testOnNativeBoards("an endless loop on %s", async (board) => {
  bench = await benchUnit(board, misbehaving("for(;;);"));
  await lineOf(bench.station, /^started power/);
  expect((await lineOf(bench.station, /^started (\S+)/))[1]).toBe("watchdog");
});

test("a loop that catches everything ends as well", async () => {
  bench = await benchUnit("qemu-mps2", misbehaving("for(;;)try{for(;;);}catch{}"));
  await lineOf(bench.station, /^started power/);
  expect((await lineOf(bench.station, /^started (\S+)/))[1]).toBe("watchdog");
});

test("a bundle that doesn't parse ends as an error, again and again, and the unit says so", async () => {
  bench = await benchUnit("qemu-mps2", "var x = ;");
  await lineOf(bench.station, /^latchkey: exception: SyntaxError/);
  await lineOf(bench.station, /^latchkey: boot native A js A trial 0 exception/);
});
