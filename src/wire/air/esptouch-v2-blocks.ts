/** The blocks of an ESP-TOUCH v2 message: eight columns of six bits each, as far as they were heard. @source PROTOCOL 6.4 */
import { crc8 } from "#codec/crc.ts";

const EMPTY = 0xff;
/** Marks a column that may stand elsewhere. */
const SUSPECT = 64;
export const NONE_MISSING = -1;
export const MANY_MISSING = 8;

export interface Blocks {
  clear(): void;
  /** Notes a column whose place is certain; false when it said something else before. */
  put(index: number, column: number, bits: number): boolean;
  /** Notes a column that may stand elsewhere: it counts once it was heard there twice alike. */
  suspect(index: number, column: number, bits: number): void;
  /** The one empty column of a block, NONE_MISSING, or MANY_MISSING. */
  missingColumn(index: number): number;
  /**
   * Data bytes of a block whose CRC holds; one missing column is solved for where the CRC leaves one answer. A block
   * whose CRC doesn't hold is emptied.
   */
  read(index: number, blockBytes: 5 | 6): Uint8Array | undefined;
  /** Tells whether a run of blocks from `index` on, as far as heard, says these bytes; enough columns must be there. */
  agrees(index: number, bytes: Uint8Array, blockBytes: 5 | 6): boolean;
}

export function createBlocks(blockCount: number): Blocks {
  const cells = new Uint8Array(8 * blockCount).fill(EMPTY);
  /** What each block was read as, until a column of it is put. */
  const readings = new Map<number, Uint8Array | undefined>();

  /** Six bytes of a block, with `bits` for the one column that is missing, if any. */
  function bytesOf(index: number, missing: number, bits: number): Uint8Array {
    const six = new Uint8Array(6);
    for (let k = 0; k < 8; k++) {
      const column = k === missing ? bits : (cells[8 * index + k] as number);
      for (let i = 0; i < 6; i++) six[i] = (six[i] as number) | (((column >> (5 - i)) & 1) << k);
    }
    return six;
  }

  /** Data bytes of a block when its CRC holds. In a block of six, the last column is the CRC's six bits. */
  function checked(six: Uint8Array, blockBytes: 5 | 6, crcColumn: number): Uint8Array | undefined {
    const data = blockBytes === 5 ? six.subarray(0, 5) : six.map((byte) => byte & 0x7f);
    const holds = blockBytes === 5 ? crc8(data) === six[5] : (crc8(data) & 63) === crcColumn;
    return holds ? data : undefined;
  }

  /**
   * Data bytes of a block whose CRC holds; one missing column is solved for where the CRC leaves one answer. A block
   * whose CRC doesn't hold is emptied.
   */
  function readAnew(index: number, blockBytes: 5 | 6): Uint8Array | undefined {
    const missing = missingColumn(index);
    const crcColumn = cells[8 * index + 7] as number;
    if (missing === NONE_MISSING) {
      const data = checked(bytesOf(index, -1, 0), blockBytes, crcColumn);
      if (data === undefined) cells.fill(EMPTY, 8 * index, 8 * index + 8);
      return data;
    }
    if (blockBytes === 6 && missing === 7) return bytesOf(index, 7, 0);
    let answer: Uint8Array | undefined;
    for (let bits = 0; bits < 64; bits++) {
      const data = checked(bytesOf(index, missing, bits), blockBytes, crcColumn);
      if (data === undefined) continue;
      if (answer !== undefined) return undefined;
      answer = data;
    }
    return answer;
  }

  /** The one empty column of a block, NONE_MISSING, or MANY_MISSING. */
  function missingColumn(index: number): number {
    let missing = NONE_MISSING;
    for (let k = 0; k < 8; k++) {
      if ((cells[8 * index + k] as number) < SUSPECT) continue;
      if (missing !== NONE_MISSING) return MANY_MISSING;
      missing = k;
    }
    return missing;
  }

  /** Tells whether a run of blocks from `index` on, as far as heard, says these bytes; enough columns must be there. */
  function agrees(index: number, bytes: Uint8Array, blockBytes: 5 | 6): boolean {
    let heard = 0;
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const block = bytes.subarray(at, at + blockBytes);
      for (let k = 0; k < (blockBytes === 6 ? 7 : 8); k++) {
        const bits = cells[8 * (index + at / blockBytes) + k] as number;
        if (bits >= SUSPECT) continue;
        heard++;
        for (let i = 0; i < block.length; i++) {
          if (((bits >> (5 - i)) & 1) !== (((block[i] as number) >> k) & 1)) return false;
        }
      }
    }
    return heard >= 4;
  }

  function read(index: number, blockBytes: 5 | 6): Uint8Array | undefined {
    if (!readings.has(index)) readings.set(index, readAnew(index, blockBytes));
    return readings.get(index);
  }

  function put(index: number, column: number, bits: number): boolean {
    const cell = 8 * index + column;
    const isNew = (cells[cell] as number) >= SUSPECT;
    if (!isNew && cells[cell] !== bits) return false;
    cells[cell] = bits;
    if (isNew) readings.delete(index);
    return true;
  }

  return {
    clear() {
      cells.fill(EMPTY);
      readings.clear();
    },
    put,
    suspect(index, column, bits) {
      const cell = 8 * index + column;
      // One that contradicts what is certain says nothing: whatever began anew will be heard for certain, too.
      if ((cells[cell] as number) < SUSPECT) return;
      if (cells[cell] === (SUSPECT | bits)) put(index, column, bits);
      else cells[cell] = SUSPECT | bits;
    },
    missingColumn,
    read,
    agrees,
  };
}
