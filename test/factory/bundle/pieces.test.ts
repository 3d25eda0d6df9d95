import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import { SEPARATOR } from "#factory/bundle/pieces.ts";
import { inPieces } from "./in-pieces.ts";

test("functions come first, the rest keeps its order", () => {
  const pieces = inPieces("var a=f();function f(){return`x\n1`}let b=2;class C{}function g(){}g(a,b);").split(
    SEPARATOR,
  );
  expect(pieces).toEqual([
    "function f(){return`x\n1`}",
    "function g(){}",
    "var a=f();",
    "let b=2;",
    "class C{}",
    "g(a,b);",
  ]);
});

test("large functions come before the others, since a unit compiles them while it holds the fewest names", () => {
  const large = (name: string) => `function ${name}(){return"${".".repeat(1_000)}"}`;
  const pieces = inPieces(`function a(){}const b=1;${large("c")}function d(){}${large("e")}a();`).split(SEPARATOR);
  expect(pieces.map((text) => text.slice(0, 10))).toEqual([
    "function c",
    "function e",
    "function a",
    "const b=1;",
    "function d",
    "a();",
  ]);
});

test("run one by one as scripts, the pieces do what the whole did", () => {
  const script =
    'const log=[],add=x=>{log.push(x)};add(twice(3));function twice(n){return n*2}add("\\f");var r=log.join();';
  const run = (pieces: readonly string[]) => {
    const context = createContext({});
    for (const piece of pieces) runInContext(piece, context);
    return runInContext("r", context) as unknown;
  };
  expect(run(inPieces(script).split(SEPARATOR))).toBe("6,\f");
  expect(run([script])).toBe("6,\f");
});
