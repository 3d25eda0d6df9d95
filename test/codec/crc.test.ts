import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { crc8, crc32 } from "#codec/crc.ts";

// The check values of the catalogue of parametrised CRC algorithms, over the nine digits.
const CHECK = utf8("123456789");

test("both give the catalogue's check values", () => {
  expect(crc8(CHECK)).toBe(0xa1);
  expect(crc32(CHECK)).toBe(0xcbf43926);
  expect(crc8([])).toBe(0);
  expect(crc32([])).toBe(0);
});

test("both can go on from where they stopped", () => {
  for (let cut = 0; cut <= CHECK.length; cut++) {
    expect(crc8(CHECK.subarray(cut), crc8(CHECK.subarray(0, cut)))).toBe(0xa1);
    expect(crc32(CHECK.subarray(cut), crc32(CHECK.subarray(0, cut)))).toBe(0xcbf43926);
  }
});
