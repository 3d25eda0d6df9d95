/**
 * Frames on a serial line: 0xC5, type u8, length u16, payload, CRC-32 over type..payload; numbers little-endian. The
 * radio's line and a unit in recovery speak in them.
 * @source PROTOCOL 9.1.1
 */
import { assert } from "#base/assert.ts";
import { concat, viewOf } from "#base/bytes.ts";
import { crc32 } from "#codec/crc.ts";

const MARK = 0xc5;
/** A frame before and after its payload. */
const HEAD_BYTES = 4;
const TAIL_BYTES = 4;
export const LINE_PAYLOAD_BYTES_MAX = 512;

/** One frame of the line whose CRC holds. */
export interface LineFrame {
  readonly type: number;
  readonly payload: Uint8Array;
}

export function encodeLineFrame(type: number, payload: Uint8Array): Uint8Array {
  assert(payload.length <= LINE_PAYLOAD_BYTES_MAX, "a line's payload fits its frame");
  const bytes = new Uint8Array(HEAD_BYTES + payload.length + TAIL_BYTES);
  const view = viewOf(bytes);
  bytes[0] = MARK;
  bytes[1] = type;
  view.setUint16(2, payload.length, true);
  bytes.set(payload, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + payload.length, crc32(bytes.subarray(1, HEAD_BYTES + payload.length)), true);
  return bytes;
}

/**
 * Finds whole frames in a stream that comes in pieces.
 * @returns A function that takes the next piece and gives the frames completed by it. After a bad CRC or length it
 * drops one byte and looks for the next mark; it holds one frame at most.
 */
export function lineFrameReader(): (bytes: Uint8Array) => readonly LineFrame[] {
  let held = new Uint8Array(0);
  return (bytes) => {
    held = concat(held, bytes) as Uint8Array<ArrayBuffer>;
    const frames: LineFrame[] = [];
    let at = 0;
    while (at < held.length) {
      if (held[at] !== MARK) {
        at++;
        continue;
      }
      if (held.length - at < HEAD_BYTES) break;
      const payloadBytes = viewOf(held).getUint16(at + 2, true);
      if (payloadBytes > LINE_PAYLOAD_BYTES_MAX) {
        at++;
        continue;
      }
      const crcAt = at + HEAD_BYTES + payloadBytes;
      if (held.length < crcAt + TAIL_BYTES) break;
      if (viewOf(held).getUint32(crcAt, true) !== crc32(held.subarray(at + 1, crcAt))) {
        at++;
        continue;
      }
      frames.push({ type: held[at + 1] as number, payload: held.slice(at + HEAD_BYTES, crcAt) });
      at = crcAt + TAIL_BYTES;
    }
    held = held.slice(at);
    return frames;
  };
}
