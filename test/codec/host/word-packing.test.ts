import { describe, expect, it } from "vitest";
import { PARTING, packed, SHORT_WORDS, unpacked, WORDS_MAX } from "#codec/host/word-packing.ts";

const bytesOf = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

describe("packing text with words", () => {
  it("writes the list, then statements in which a byte stands for a word", () => {
    const bytes = packed(["function go(){return 1}", "go();go()"], ["return ", "(){return ", "go()"]);
    expect([...bytes]).toEqual([
      ...[0x0b, ...bytesOf("return "), 0x0b, ...bytesOf("(){"), 0x84, 0x0b, ...bytesOf("go()")],
      // Its name stands as it is, so that a unit finds it without reading the list.
      ...[0x0c, 0x81, ...bytesOf("go"), 0x85, ...bytesOf("1}")],
      ...[0x0c, 0x86, ...bytesOf(";"), 0x86],
    ]);
    expect(unpacked(bytes)).toBe("function go(){return 1}\fgo();go()");
  });

  it("gives each text back, also with words of two bytes and words within words", () => {
    const words = Array.from(
      { length: 700 },
      (_, i) => "abcdefg".repeat(3).slice(i % 7, 3 + (i % 16)) + i.toString(36),
    );
    const statements = [
      "const a=`x\n\t~`;",
      "async function f1$(){}",
      "function*g(){}",
      words.join(),
      words.join("").slice(1),
      "",
    ];
    const bytes = packed(statements, words);
    expect(unpacked(bytes)).toBe(statements.join(PARTING));
    expect(bytes.some((byte) => byte >= 0xf8)).toBe(true);
    expect(bytes.length).toBeLessThan(words.join().length + packed([], words).length);
  });

  it("changes no more than a few bytes around a change of the text", () => {
    const words = ["return ", "function", "value", "alu", "lue", "turn v"];
    const text = "if(value===1)return value;else return values;";
    const before = packed([text.repeat(20), "a"], words);
    const after = packed([text.repeat(10) + text.replace("1", "22") + text.repeat(9), "a"], words);
    let same = 0;
    while (before[same] === after[same]) same++;
    let end = 0;
    while (before.at(-1 - end) === after.at(-1 - end)) end++;
    expect(before.length - same - end).toBeLessThan(4);
  });

  it("takes plain ASCII alone, and as many words as there are codes", () => {
    expect(() => packed(["let a='é'"], [])).toThrow(/not plain ASCII/);
    expect(() => packed(["a\vb"], [])).toThrow(RangeError);
    expect(() => packed(["a\fb"], [])).toThrow(RangeError);
    const all = Array.from({ length: WORDS_MAX - 4 }, (_, i) => `word${i};`);
    const last = all.at(-1) as string;
    expect([...packed([last], all)].slice(-3)).toEqual([0x0c, 0xff, 0xff]);
    expect([...packed([all[SHORT_WORDS - 4] as string], all)].slice(-3)).toEqual([0x0c, 0xf8, 0x80]);
    expect(unpacked(packed([last], all))).toBe(last);
    expect(() => packed([], [...all, "more"])).toThrow(RangeError);
  });

  it("lets words lie eight deep in words, as a unit reads them", () => {
    const doubled = Array.from({ length: 9 }, (_, i) => "a".repeat(2 ** (i + 1)));
    const longest = doubled[7] as string;
    expect(unpacked(packed([longest], doubled.slice(0, 8)))).toBe(longest);
    expect(() => packed([], doubled)).toThrow(/too deep/);
  });

  it("leaves alone what isn't packed, and says when a word isn't there", () => {
    expect(unpacked(new TextEncoder().encode("let a='é';\fa"))).toBe("let a='é';\fa");
    expect(unpacked(packed(["a", "b"], []))).toBe("a\fb");
    expect(() => unpacked(Uint8Array.of(0x0b, 0x61, 0x62, 0x0c, 0x85))).toThrow(/no word 5/);
    // A word that holds itself.
    expect(() => unpacked(Uint8Array.of(0x0b, 0x84, 0x0c, 0x84))).toThrow(RangeError);
  });
});
