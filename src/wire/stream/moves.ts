/**
 * The table of moved code: addresses in a base image, and how far the code at each address moved. Thumb-2 calls (BL,
 * B.W) hold distances and tables hold addresses, so one inserted line changes thousands of them; moved by the table,
 * the base reads as the new image does.
 * @source PROTOCOL 8.5; Armv7-M Architecture Reference Manual, A7.7.12 and A7.7.18 (encodings T4 and T1)
 */
import { concat } from "#base/bytes.ts";

export const MOVES_MAX = 64;
/** Changes between stretches of the base whose words may be addresses and stretches of constants. */
export const STRETCHES_MAX = 32;

export interface Moves {
  count: number;
  /** Address of the image's first byte. */
  imageAddress: number;
  /** Ascending addresses; each rules up to the next one. Below the first nothing moved. */
  readonly from: Uint32Array;
  readonly by: Int32Array;
  /** Ascending offsets in the base. Words before the first may be addresses, those behind it are none, and so on. */
  stretches: number;
  readonly changes: Uint32Array;
}

export const createMoves = (): Moves => ({
  count: 0,
  imageAddress: 0,
  from: new Uint32Array(MOVES_MAX),
  by: new Int32Array(MOVES_MAX),
  stretches: 0,
  changes: new Uint32Array(STRETCHES_MAX),
});

/** How many of the first `count` numbers, ascending, are not above a value. */
function countUpTo(numbers: Uint32Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How far what lay at an address of the base moved. */
export function movedBy({ count, from, by }: Moves, address: number): number {
  const entry = countUpTo(from, count, address) - 1;
  return entry < 0 ? 0 : (by[entry] as number);
}

/** Whether the word at an offset of the base may be an address. */
export function mayBeAddress({ changes, stretches }: Moves, at: number): boolean {
  return countUpTo(changes, stretches, at) % 2 === 0;
}

/** Distance of a call or jump from behind it, halfwords in order; undefined when it is none that reaches 4 MB. */
export function branchOffset(first: number, second: number): number | undefined {
  if ((first & 0xf800) !== 0xf000 || (second & 0xb800) !== 0xb800) return undefined;
  return ((first << 21) >> 9) | ((second & 0x7ff) << 1);
}

/**
 * Bytes of the base as they read once everything moved by the table, and they themselves by `by`.
 * @param read Gives bytes of the base; `baseBytes` of them are there.
 */
export function readMoved(
  moves: Moves,
  read: (at: number, byteLength: number) => Uint8Array,
  baseBytes: number,
  at: number,
  byteLength: number,
  by: number,
): Uint8Array {
  if (moves.count === 0) return read(at, byteLength);
  // Whole instructions and words around; what is one depends on at most four bytes before it.
  const start = Math.max(0, (at & ~3) - 4);
  const end = Math.min(baseBytes, at + byteLength + 6);
  const bytes = concat(read(start, end - start));
  const half = (i: number) => (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
  const put = (i: number, value: number) => {
    bytes[i] = value;
    bytes[i + 1] = value >> 8;
  };
  for (let i = 0; i + 4 <= bytes.length; i += 2) {
    const [first, second] = [half(i), half(i + 2)];
    const offset = branchOffset(first, second);
    if (offset !== undefined) {
      const target = moves.imageAddress + start + i + 4 + offset;
      const moved = offset + movedBy(moves, target) - by;
      put(i, 0xf000 | ((moved >> 12) & 0x7ff));
      put(i + 2, (second & 0xf800) | ((moved >> 1) & 0x7ff));
    } else if ((i & 3) !== 0 || second >= 0xf000) continue;
    else {
      const word = second * 65536 + first;
      const by = movedBy(moves, word);
      if (by !== 0 && mayBeAddress(moves, start + i)) {
        put(i, word + by);
        put(i + 2, (word + by) >>> 16);
      }
    }
    i += 2;
  }
  return bytes.subarray(at - start, at - start + byteLength);
}
