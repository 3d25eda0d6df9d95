/** Encodes and decodes the data types of MQTT (MQTT 3.1.1 section 1.5, MQTT 5 section 1.5). */
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";

export function u16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 255, value & 255);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Bytes behind their u16 length. */
export function binary(bytes: Uint8Array): Uint8Array {
  return concat(u16(bytes.length), bytes);
}

export function text(value: string): Uint8Array {
  return binary(utf8(value));
}

export function variableInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 127;
    rest >>>= 7;
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** A cursor over a packet's body. Reading past the end sets `isGood` to false and gives zeros and empty bytes. */
export interface Fields {
  at: number;
  isGood: boolean;
  u8(): number;
  u16(): number;
  u32(): number;
  variableInteger(): number;
  binary(): Uint8Array;
  rest(): Uint8Array;
}

export function readFields(bytes: Uint8Array): Fields {
  const take = (byteLength: number): Uint8Array => {
    if (fields.at + byteLength > bytes.length) {
      fields.isGood = false;
      return new Uint8Array(byteLength > 4 ? 0 : byteLength);
    }
    fields.at += byteLength;
    return bytes.subarray(fields.at - byteLength, fields.at);
  };
  const number = (byteLength: number) => take(byteLength).reduce((value, byte) => value * 256 + byte, 0);
  const fields: Fields = {
    at: 0,
    isGood: true,
    u8: () => number(1),
    u16: () => number(2),
    u32: () => number(4),
    variableInteger() {
      let value = 0;
      for (let shift = 0; shift < 28; shift += 7) {
        const byte = number(1);
        value += (byte & 127) * 2 ** shift;
        // More bytes than needed are refused: one length, one spelling.
        if (byte < 128) {
          if (byte === 0 && shift > 0) fields.isGood = false;
          return value;
        }
      }
      fields.isGood = false;
      return 0;
    },
    binary: () => take(number(2)),
    rest: () => take(bytes.length - fields.at),
  };
  return fields;
}
