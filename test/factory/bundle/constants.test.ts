import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { buildScript } from "#factory/bundle/bundle.ts";
import { withConstantsInPlace, withConstantsMarked } from "#factory/bundle/constants.ts";

test("numbers, short texts and members of tables stand where they are used", () => {
  const script = 'var A=4,B=A*2**3,T={x:-1,"y z":"text"};f(A,B,-T.x,{A},T["y z"],o.A,A.toFixed(1));';
  expect(withConstantsInPlace(script)).toMatch(/f\(4,32,-\(-1\),\{A:4\},T\["y z"\],o\.A,\(4\)\.toFixed\(1\)\);$/);
});

test.each([
  ["assigned to", "var A=1;function f(){A=2;return A}"],
  ["counted", "var A=1;function f(){A++;return A}"],
  ["hidden by a name further in", "var A=1;function f(A){return A}"],
  ["hidden by one that is taken apart", "var A=1;function f({A}){return A}"],
  ["changed in a member", "var A={n:1};function f(){A.n=2;return A.n}"],
])("a name that is %s keeps its place", (_, script) => {
  expect(withConstantsInPlace(script)).toBe(script);
});

test("values that nobody changes become const, one by one; unused ones go", () => {
  const script = "var A=[1],B=new Map,C=[A],D=[C],count=0,E=[0];B.set(1,2);function f(){return[C,count,E]}";
  expect(withConstantsMarked(script, ["E"]).split("\n")).toEqual([
    "const A=[1];",
    "var B=new Map;",
    "const C=[A];",
    "var count=0;",
    "var E=[0];",
    "B.set(1,2);",
    "function f(){return[C,count,E]}",
  ]);
});

test("a constant that is made of a variable's value stays behind it; what its functions use comes later anyway", () => {
  const script = "var f=make(),A={f},B=[A],C={g:()=>f()};function h(){return[B,C]}";
  expect(withConstantsMarked(script).split("\n")).toEqual([
    "var f=make();",
    "var A={f};",
    "var B=[A];",
    "const C={g:()=>f()};",
    "function h(){return[B,C]}",
  ]);
});

test("an arrow function that nobody changes is a constant, and so is a table of such", () => {
  const script = "var f=()=>1,A={f},g=()=>2;g=f;function h(){return[A,g]}";
  expect(withConstantsMarked(script).split("\n")).toEqual([
    "const f=()=>1;",
    "const A={f};",
    "var g=()=>2;",
    "g=f;",
    "function h(){return[A,g]}",
  ]);
});

test("a script does what its source says", async () => {
  const { bytes } = await buildScript(`import { COMPONENT } from "#wire/releases/release.ts";
import { RIGHT } from "#wire/grants/scope.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
globalThis.said = [COMPONENT.none, RIGHT.call | RIGHT.flash, Object.keys(RIGHT).length,
  COMPONENT.js, decodeCbor(encodeCbor([2 ** 40, "x"])).value].join();`);
  const seen: { said?: string } = {};
  runInNewContext(new TextDecoder().decode(bytes), seen);
  expect(seen.said).toBe(",34,6,1,1099511627776,x");
});
