/** A unit reads the words of its bundle as the tools wrote them, in the order and the depth that they were written in. */
import { afterEach, expect, test } from "vitest";
import { packed } from "#codec/host/word-packing.ts";
import { inPieces } from "#factory/bundle/pieces.ts";
import { describeOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

const SAY = 'function say(text){native.console.write(Uint8Array.from(text+"\\n",c=>c.charCodeAt(0)))}';
/** Words of one byte and of two, words of words, and some that nothing uses. */
const WORDS = [
  ...["return ", "function", "native", ".console", "native.console.write(", "Uint8Array", "){return ", "+f", "()"],
  ...Array.from({ length: 300 }, (_, i) => `nobody${i}`),
  // Eight deep, each of the one before twice.
  ...Array.from({ length: 8 }, (_, i) => "a".repeat(2 ** (i + 1))),
  ...["+f1", "+f2", "+f11()", "+f12()+f13()", "charCodeAt", "=>c.charCodeAt(0)"],
];

describeOnNativeBoards((board) => {
  test("runs a packed bundle, from source and from what it compiled", async () => {
    const functions = Array.from({ length: 40 }, (_, i) => `function f${i}(){return ${i}}`);
    const sum = `say("sum "+(0${functions.map((_, i) => `+f${i}()`).join("")})+TEXT+LONG.length);`;
    const script = [
      SAY,
      ...functions,
      'const TEXT=" native.console.write(";',
      `const LONG="${"a".repeat(256)}";`,
      sum,
    ].join("\n");
    const bytes = packed(inPieces(script).split("\f"), WORDS);
    expect(bytes.some((byte) => byte >= 0xf8)).toBe(true);
    bench = await benchUnit(board, bytes);
    expect((await lineOf(bench.station, /^sum (.*)/))[1]).toBe("780 native.console.write(256");
    await bench.station.power(false);
    await bench.station.power(true);
    expect((await lineOf(bench.station, /^sum (.*)/))[1]).toBe("780 native.console.write(256");
  });

  test("says when a word isn't there, and when words hold themselves", async () => {
    for (const [list, statement] of [
      ["a", "\x85"],
      ["\x84", "\x84"],
    ]) {
      const text = `\v${list}\f${statement}`;
      bench = await benchUnit(
        board,
        Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
      );
      await lineOf(bench.station, /^latchkey: fault: the bundle names a word that it does not have/);
      await bench.station.power(false);
    }
  });
});
