/** An adaptive binary range coder, the writing half (Martin 1979; carries as in LZMA): bits, trees and numbers to bytes. */
import { learned, MANTISSAS, shareOf } from "./stream-model.ts";

export interface RangeEncoder {
  /** Bytes so far, at most five less than finish will give. */
  readonly byteLength: number;
  bit(entryAt: number, value: number): void;
  tree(from: number, bits: number, value: number): void;
  /** A number from 0 to 2^32 - 2; see number() of the decoder. */
  number(from: number, value: number): void;
  /** Ends the code with as few bytes as identify it; the decoder reads zeros behind them. */
  finish(): Uint8Array;
}

export function createRangeEncoder(model: Uint16Array): RangeEncoder {
  const bytes: number[] = [];
  // 40 bits: the low 32 of the interval's start, and a carry above them.
  let low = 0;
  let range = 0xffffffff;
  let cache = 0;
  let pending = 0;
  let isFirst = true;

  function shiftLow(): void {
    const carry = low >= 0x100000000 ? 1 : 0;
    if (low < 0xff000000 || carry === 1) {
      // The very first cached byte is always 0 and is left out: the decoder starts with four bytes.
      if (!isFirst) bytes.push((cache + carry) & 255);
      isFirst = false;
      for (; pending > 0; pending--) bytes.push((0xff + carry) & 255);
      cache = Math.floor(low / 0x1000000) & 255;
    } else pending++;
    low = (low % 0x1000000) * 256;
  }

  function normalize(): void {
    while (range < 0x1000000) {
      range = (range << 8) >>> 0;
      shiftLow();
    }
  }

  function rawBits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      range >>>= 1;
      if ((value >>> i) & 1) low += range;
      normalize();
    }
  }

  const encoder: RangeEncoder = {
    get byteLength() {
      return bytes.length + pending + 5;
    },
    bit(entryAt, value) {
      const entry = model[entryAt] as number;
      const bound = (range >>> 12) * shareOf(entry);
      if (value === 0) range = bound;
      else {
        low += bound;
        range -= bound;
      }
      model[entryAt] = learned(entry, value);
      normalize();
    },
    tree(from, bits, value) {
      let node = 1;
      for (let i = bits - 1; i >= 0; i--) {
        const bit = (value >>> i) & 1;
        encoder.bit(from + node, bit);
        node = (node << 1) | bit;
      }
    },
    number(from, value) {
      const plus = value + 1;
      const exponent = 31 - Math.clz32(plus);
      for (let i = 0; i < exponent; i++) encoder.bit(from + i, 1);
      encoder.bit(from + exponent, 0);
      const modelled = Math.min(3, exponent);
      let node = 1;
      for (let i = 0; i < modelled; i++) {
        const bit = (plus >>> (exponent - 1 - i)) & 1;
        encoder.bit(from + 32 + Math.min(exponent, MANTISSAS - 1) * 8 + node, bit);
        node = (node << 1) | bit;
      }
      rawBits(plus & ((1 << (exponent - modelled)) - 1), exponent - modelled);
    },
    finish() {
      // Any number in [low, low + range) decodes alike: take the one with the most zero bytes at its end.
      for (const step of [0x1000000, 0x10000, 0x100, 1]) {
        const rounded = Math.ceil(low / step) * step;
        if (rounded < low + range) {
          low = rounded;
          break;
        }
      }
      for (let i = 0; i < 5; i++) shiftLow();
      while (bytes.at(-1) === 0) bytes.pop();
      return Uint8Array.from(bytes);
    },
  };
  return encoder;
}
