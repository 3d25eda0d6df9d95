/** What keeps the app's code within its bounds, on any board with native code: src/device/port.ts, Guard. */
import { expect } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { inPieces } from "../factory/bundle/in-pieces.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

/** @param app Bytes that the app may have. */
const scriptFor = (app: number) => `
function say(text){native.console.write(Uint8Array.from(text+"\\n",c=>c.charCodeAt(0)))}
var hoard=[],kept;
function turn(){for(;;);}
function fill(){for(;;)hoard.push(new Array(100).fill(1))}
function run(name,work){say(name+" "+native.guard.run(work))}
run("fine",()=>{kept=new Array(1000).fill(1)});
run("loops",()=>{try{turn()}catch{turn()}finally{say("finally")}});
run("leaks",()=>{try{fill()}catch{}});
run("leaks on",()=>{for(let i=0;i<20;i++)try{fill()}catch{}});
run("loops without memory",()=>{for(;;)try{hoard.push([1]);}catch{}});
hoard=[];
run("fine again",()=>{hoard=new Array(1000).fill(1)});
hoard=[];kept=[];
run("garbage in rings",()=>{kept=new Uint8Array(${Math.floor(app / 2)});for(let i=0;i<20;i++){const ring={bytes:new Uint8Array(${Math.floor(app / 10)})};ring.ring=ring}});
var next=[()=>Promise.reject(null),()=>Promise.resolve().then(fill),()=>{hoard=[];say("end")}];
native.onEvent((event)=>{say("event "+event.kind+" "+event.reason);if(event.kind==="rejected")next.shift()()});
Promise.resolve().then(turn);
native.clock.wakeAt(1);
`;

/** Code of the app that loops is broken off, and code that leaks is refused memory, but not code that leaves garbage behind. @param began Is given the unit, to be switched off. */
export async function expectBounds(board: string, began: (bench: Bench) => void): Promise<void> {
  const bench = await benchUnit(board, inPieces(scriptFor(readBoard(board).budgets.appHeapBytes ?? 0)));
  began(bench);
  const { station } = bench;
  const lines: string[] = [];
  station.unit()?.onLine((line) => lines.push(line));
  const [last] = await lineOf(station, /^end$|^latchkey: (exception|out-of-memory|watchdog|fault).*/);
  expect(last, lines.slice(-5).join(" | ")).toBe("end");
  expect(lines.filter((line) => !/^latchkey: |^event timer/.test(line))).toEqual([
    "fine 0",
    `loops ${FAULTS.APP_OVERDUE}`,
    `leaks ${FAULTS.APP_MEMORY}`,
    `leaks on ${FAULTS.APP_MEMORY}`,
    `loops without memory ${FAULTS.APP_OVERDUE}`,
    "fine again 0",
    "garbage in rings 0",
    "event rejected InternalError: interrupted",
    "event rejected null",
    "event rejected InternalError: out of memory",
    "end",
  ]);
}
