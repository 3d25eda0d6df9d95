/**
 * The engine as it runs on a unit: its own makers' language tests, from the pinned source; a sampler of the language
 * whose every answer must be Node's; and the same built-in names as on the simulated board.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { afterEach, expect, test } from "vitest";
import { startEngine } from "#boards/sim/host/engine.ts";
import { BUILT_IN_BYTES } from "#boards/sim/host/engine-bytes.ts";
import { thirdParty } from "#firmware/third-party.ts";
import { inPieces } from "../factory/bundle/in-pieces.ts";
import { testOnNativeBoards } from "../tier.ts";
import { LANGUAGE_SAMPLES } from "./language-samples.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

const SAY = 'function say(text){native.console.write(Uint8Array.from(text+"\\n",c=>c.charCodeAt(0)))}';

/** What the script says until the line `end`, which is left out. */
async function said(board: string, script: string): Promise<string[]> {
  bench = await benchUnit(board, inPieces(`${SAY}\n${script}\nsay("end")`));
  const { station } = bench;
  const lines: string[] = [];
  station.unit()?.onLine((line) => lines.push(line));
  const [last] = await lineOf(station, /^end$|^latchkey: (exception|out-of-memory|watchdog|fault).*/);
  expect(last, lines.slice(-3).join(" | ")).toBe("end");
  return lines.filter((line) => line !== "end" && !line.startsWith("latchkey: "));
}

/** Tests of the makers' that ask for what a unit doesn't have, and what that is. */
const NOT_ON_A_UNIT: Readonly<Record<string, string>> = {
  test_date: "no calendar: a unit counts seconds",
  test_weak_map: "calls std.gc",
  test_weak_map_cycles: "calls std.gc",
  test_weak_ref: "calls std.gc",
  test_finalization_registry: "calls std.gc and os.setTimeout",
  test_rope: "builds strings longer than the arena",
  test_line_column_numbers: "asks where in the source: a unit keeps no such table",
};
/** Written for sloppy code, which only an indirect eval still is on a unit. */
const SLOPPY = ["test_language.js", "test_closure.js", "test_loop.js"];
const FILES = [...SLOPPY, "test_bigint.js", "test_builtin.js"];

for (const file of FILES) {
  testOnNativeBoards(`the makers' ${file} on %s`, async (board) => {
    const names: string[] = [];
    // test_map holds 3,000 objects at once; a unit's arena has room for a third of them.
    const text = readFileSync(join(thirdParty().quickjs ?? "", "tests", file), "utf8").replace("n = 1000;", "n = 300;");
    const script = text.replace(/^(test\w*)\(\);$/gm, (_, name: string) => {
      if (NOT_ON_A_UNIT[name] !== undefined) return "";
      names.push(name);
      return `${name}();say("passed ${name}");`;
    });
    expect(names.length).toBeGreaterThanOrEqual(4);
    const lines = await said(board, SLOPPY.includes(file) ? `(0,eval)(${JSON.stringify(script)})` : script);
    expect(lines.filter((line) => line.startsWith("passed "))).toEqual(names.map((name) => `passed ${name}`));
  });
}

testOnNativeBoards("%s means by each sample of the language what Node means", async (board) => {
  const asked = LANGUAGE_SAMPLES.map(
    (sample, i) => `{let r;try{r=JSON.stringify(${sample})}catch(e){r="threw "+e}say("sample ${i} "+escape(r))}`,
  );
  const lines = await said(board, asked.join("\n"));
  const answers = new Map(lines.map((line) => /^sample (\d+) (.*)$/.exec(line)?.slice(1) as [string, string]));
  const differing = LANGUAGE_SAMPLES.flatMap((sample, i) => {
    const node = vm.runInNewContext(`"use strict"; JSON.stringify(${sample})`);
    const unit = unescape(answers.get(String(i)) ?? "nothing");
    return unit === node ? [] : [{ sample, unit, node }];
  });
  expect(differing).toEqual([]);
  expect(answers.size).toBe(LANGUAGE_SAMPLES.length);
});

/** Says every name that can be reached from the global object by plain properties, as a path. */
const NAMES = `function walk(path,value,depth){
  for(const name of Object.getOwnPropertyNames(value)){
    if(/^\\d+$|^(native|say|walk|seen|lastMatch|caller|arguments|prototype\\.constructor)$/.test(name))continue;
    let member;try{member=value[name]}catch{}
    say(path+name);
    if(depth>0&&(typeof member==="object"||typeof member==="function")&&member!==null&&!seen.has(member)){
      seen.add(member);walk(path+name+".",member,depth-1)
    }
  }
}`;

/** What this version of the engine has for its own use. */
const ENGINES_OWN = /\.__(getClass|quote)\b/;

test("the simulated board has the built-in names of the native ones, no more and no fewer", async () => {
  const walkAll = "var seen=new Set([globalThis]);walk('',globalThis,2);";
  const native = await said("qemu-mps2", `${NAMES}\n${walkAll}`);
  const simulated: string[] = [];
  const engine = await startEngine(
    { say: (text) => void simulated.push(text as string) },
    { heapBytes: 1 << 20, stackBytes: 32_768, deadlineMs: 10_000 },
  );
  engine.evaluate(`${NAMES.replaceAll("say(", "native.say(")}\n${walkAll}`, "names.js");
  expect(native.length).toBeGreaterThan(500);
  expect(simulated.toSorted()).toEqual(native.filter((line) => !ENGINES_OWN.test(line)).toSorted());
});

test("the simulated board counts as much for an engine without a bundle as a chip has in use", async () => {
  bench = await benchUnit("qemu-mps2", inPieces("native.onEvent(() => {});"));
  const [, heapBytes] = await lineOf(bench.station, /^latchkey: started, heap (\d+)/);
  expect(Math.abs(Number(heapBytes) - BUILT_IN_BYTES)).toBeLessThan(2_000);
});

testOnNativeBoards("a promise on %s that fails while nobody waits for it is told, and ends no run", async (board) => {
  const script = `let told = 0;
native.onEvent((event) => {
  if (event.kind === "timer") (async () => { throw new Error("lost " + told); })();
  if (event.kind !== "rejected") return;
  say("told " + event.reason.message);
  if (++told < 3) native.clock.wakeAt(0);
  else Promise.reject(new Error("heard")).catch((error) => { say(error.message); say("over"); });
});
native.clock.wakeAt(0);`;
  bench = await benchUnit(board, inPieces(`${SAY}\n${script}`));
  const lines: string[] = [];
  bench.station.unit()?.onLine((line) => lines.push(line));
  const [last] = await lineOf(bench.station, /^over$|^latchkey: (exception|out-of-memory|watchdog|fault).*/);
  expect(last, lines.slice(-3).join(" | ")).toBe("over");
  expect(lines.filter((line) => /^(told|heard)/.test(line))).toEqual([
    "told lost 0",
    "told lost 1",
    "told lost 2",
    "heard",
  ]);
});
