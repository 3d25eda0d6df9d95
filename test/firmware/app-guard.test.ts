/** What keeps the app's code within its bounds, on each chip: src/device/port.ts, Guard. */
import { afterEach, expect } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { inPieces } from "../factory/bundle/in-pieces.ts";
import { testOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

const SCRIPT = `
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
var next=[()=>Promise.reject(null),()=>Promise.resolve().then(fill),()=>{hoard=[];say("end")}];
native.onEvent((event)=>{say("event "+event.kind+" "+event.reason);if(event.kind==="rejected")next.shift()()});
Promise.resolve().then(turn);
native.clock.wakeAt(1);
`;

testOnNativeBoards(
  "on %s code of the app is broken off when it loops, and refused memory when it leaks",
  async (board) => {
    bench = await benchUnit(board, inPieces(SCRIPT));
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
      "event rejected InternalError: interrupted",
      "event rejected null",
      "event rejected InternalError: out of memory",
      "end",
    ]);
  },
);
