import { expect, test } from "vitest";
import { compare, concat, equal, fromHex, toHex } from "#base/bytes.ts";

test("concat joins in order and copies", () => {
  const first = Uint8Array.of(1, 2);
  const joined = concat(first, new Uint8Array(0), Uint8Array.of(3));
  first[0] = 9;
  expect([...joined]).toEqual([1, 2, 3]);
});

test("equal compares content, not identity", () => {
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equal(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
});

test("compare orders bytewise, a prefix first", () => {
  const sorted = [Uint8Array.of(2), Uint8Array.of(1, 0), Uint8Array.of(1)].sort(compare);
  expect(sorted.map(toHex)).toEqual(["01", "0100", "02"]);
});

test("hexadecimal goes both ways and refuses anything else", () => {
  expect(toHex(fromHex("00FFa5") ?? new Uint8Array(0))).toBe("00ffa5");
  expect(fromHex("abc")).toBeUndefined();
  expect(fromHex("zz")).toBeUndefined();
});
