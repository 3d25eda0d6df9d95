/** A base image with its addresses adjusted for moved code (see moves.ts). */
import { type Moves, readMoved } from "./moves.ts";

export interface MovedBase {
  /** Whether nothing moved: the base is what it is. */
  readonly isPlain: boolean;
  /** At most so many bytes of the base when they moved by `by`: fewer at its end. */
  read(at: number, byteLength: number, by: number): Uint8Array;
  /** The whole base, at the same offsets, right from `at` on for `byteLength` bytes at least. */
  around(at: number, byteLength: number, by: number): Uint8Array;
}

const PIECE_BYTES = 1024;
const KEPT = 8;

export function createMovedBase(base: Uint8Array, moves: Moves): MovedBase {
  const bytesOf = (at: number, byteLength: number) => base.subarray(at, at + byteLength);
  const read = (at: number, byteLength: number, by: number) =>
    readMoved(moves, bytesOf, base.length, at, Math.min(byteLength, base.length - at), by);
  if (moves.count === 0) return { isPlain: true, read, around: () => base };
  const pieces = Math.ceil(base.length / PIECE_BYTES);
  const kept = new Map<number, { readonly bytes: Uint8Array; readonly isMade: Uint8Array }>();
  return {
    isPlain: false,
    read,
    around(at, byteLength, by) {
      const found = kept.get(by) ?? { bytes: new Uint8Array(base.length), isMade: new Uint8Array(pieces) };
      // The entry used last is evicted last.
      kept.delete(by);
      kept.set(by, found);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value as number);
      const last = Math.min(pieces - 1, Math.floor((at + byteLength - 1) / PIECE_BYTES));
      for (let piece = Math.floor(at / PIECE_BYTES); piece <= last; piece++) {
        if (found.isMade[piece] === 1) continue;
        found.isMade[piece] = 1;
        found.bytes.set(read(piece * PIECE_BYTES, PIECE_BYTES, by), piece * PIECE_BYTES);
      }
      return found.bytes;
    },
  };
}
