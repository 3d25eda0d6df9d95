/** Short names change nothing that a script does, and an edit changes nothing of what it does not touch. */
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { buildScript } from "#factory/bundle/bundle.ts";
import { digitsOf, hashNames } from "#factory/bundle/hash-names.ts";
import { withWholeNames } from "#factory/bundle/names.ts";
import { SEPARATOR } from "#factory/bundle/pieces.ts";
import { shortNames } from "#factory/bundle/short-names.ts";

const KEPT = new Set(["join", "push", "map", "x", "length", "told"]);

test.each([
  ["shadowing", "function f(a){{let a=2;told.push(a)}told.push(a);return function f(b){return a+b}(3)}told.push(f(1))"],
  [
    "shorthand",
    "const x=1,size=2;const o={x,size,f({size}){return size}};const{size:s,...rest}=o;told.push(o.f(o),s,rest.x)",
  ],
  [
    "defaults",
    "let size;({size=4}={});function f({size=5,other:[a,b]=[6,7]}={}){return size+a+b}told.push(size,f(),f({size:1}))",
  ],
  [
    "var and closure",
    "function f(){for(var i=0,g=[];i<2;i++){let j=i;g.push(()=>i+j)}return g.map(h=>h())}told.push(f().join())",
  ],
  [
    "classes",
    "class Size{#n=1;size=2;get twice(){return this.size*2}static of(n){const s=new Size;s.size=n;return s}}told.push(Size.of(4).twice)",
  ],
  [
    "catch and labels",
    "outer:for(const a of[1,2])for(const b of[1,2]){if(b===2)continue outer;try{throw{b}}catch({b}){told.push(a+b)}}",
  ],
  ["named function expressions", "const g=function again(n){return n?n+again(n-1):0};told.push(g(3))"],
  ["computed keys", "const key='x';const o={[key]:1,'a b':2,tail:3};told.push(o.x,o['a b'],o.tail)"],
])("%s", (_, script) => {
  const run = (text: string) => {
    const told: unknown[] = [];
    runInNewContext(text, { told });
    return told.join();
  };
  const { script: short } = shortNames(script, KEPT);
  expect(run(short)).toBe(run(script));
  expect(run(script)).not.toBe("");
});

test("more locals than there are letters still have names of their own", () => {
  const many = Array.from({ length: 200 }, (_, i) => `local${i}`);
  const { script } = shortNames(
    `function f(){let ${many.map((name, i) => `${name}=${i}`).join()};return ${many.join("+")}}`,
    KEPT,
  );
  expect(runInNewContext(`${script};${/function (\w+)/.exec(script)?.[1]}()`)).toBe(19_900);
});

test("a name depends on no other name, but for the rare two whose hashes begin alike", () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `name${i}`);
  const few = hashNames(names.slice(0, 500), new Set());
  const many = hashNames(names, new Set());
  const moved = names.slice(0, 500).filter((name) => few.get(name) !== many.get(name));
  expect(new Set(many.values()).size).toBe(1_000);
  expect(moved.length).toBeLessThan(60);
  for (const [name, short] of many) expect(digitsOf(name).startsWith(short)).toBe(true);
});

test("a stack can be read: every function's short name is in the list, and is put back where a name stands", async () => {
  const { bytes, names } = await buildScript(
    'import { encodeCbor } from "#codec/cbor.ts"; globalThis.native(encodeCbor([1]));',
  );
  const functions = new TextDecoder()
    .decode(bytes)
    .split(SEPARATOR)
    .flatMap((piece) => /^function\*? ?([\w$]+)\(/.exec(piece)?.[1] ?? []);
  expect(functions.length).toBeGreaterThan(3);
  for (const name of functions) expect(names.has(name)).toBe(true);
  const short = [...names].find(([, whole]) => whole === "encodeCbor")?.[0] as string;
  expect(functions).toContain(short);
  expect(withWholeNames(`    at ${short} (bundle)`, names)).toBe("    at encodeCbor (bundle)");
  expect(withWholeNames(`cannot read property '${short}' of undefined`, names)).toContain("'encodeCbor'");
  expect(withWholeNames(`latchkey: ${short}`, names)).toBe(`latchkey: ${short}`);
});

test("a stack's functions of the maker's own are shown with file and line", async () => {
  const { names } = await buildScript('import { app } from "./test/apps/wild-app.ts"; globalThis.native(app);');
  const lines = readFileSync("test/apps/wild-app.ts", "utf8").split("\n");
  const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
  const short = [...names].find(([, whole]) => whole === "turnForEver")?.[0] as string;
  const place = (text: string) => `(test/apps/wild-app.ts:${lineOf(text)})`;
  expect(withWholeNames(`    at ${short}`, names)).toBe(`    at turnForEver ${place("function turnForEver")}`);
  expect(withWholeNames("    at start", names)).toBe(`    at start ${place("start(io)")}`);
  // Seven functions are called so.
  expect(withWholeNames("    at run", names)).toBe("    at run");
});
