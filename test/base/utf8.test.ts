import { expect, test } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";

test("agrees with the platform's encoder on every plane", () => {
  for (const text of ["", "lamp", "ü€", "日本", "🔑 key", "\u0000\u007f\u0080\u07ff\u0800\uffff"]) {
    expect(utf8(text)).toEqual(new TextEncoder().encode(text));
    expect(fromUtf8(utf8(text))).toBe(text);
  }
});

test("an unpaired surrogate becomes the replacement character", () => {
  expect(fromUtf8(utf8("a\ud800b"))).toBe("a\ufffdb");
});

test.each(["80", "c080", "e08080", "eda080", "f08080af", "f4908080", "c3", "e282", "ff"])("refuses %s", (hex) => {
  expect(fromUtf8(fromHex(hex) as Uint8Array)).toBeUndefined();
});
