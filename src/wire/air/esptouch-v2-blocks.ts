/** The blocks of an ESP-TOUCH v2 message: eight columns of six bits each, as far as they were heard. @source PROTOCOL 6.4 */
import { crc8 } from "#codec/crc.ts";
import { SEQUENCES_MAX } from "./esptouch-v2.ts";

const EMPTY = 0xff;
/** Marks a column that may stand elsewhere. */
const SUSPECT = 64;
export const NONE_MISSING = -1;
export const MANY_MISSING = 8;

/** A reading is one byte that says how many bytes it has, UNREAD or NOTHING, and room for six. */
const READING_BYTES = 7;
const UNREAD = 0;
const NOTHING = 0xff;

/** Two byte strings and no more, however much was heard: senders of nonsense fill them too. */
export interface Blocks {
  /** Eight columns a block; none until one was put. */
  cells: Uint8Array;
  /** What each block was read as, until a column of it is put. */
  readings: Uint8Array;
}

export function newBlocks(): Blocks {
  return { cells: new Uint8Array(0), readings: new Uint8Array(0) };
}

export function clearBlocks(blocks: Blocks): void {
  blocks.cells = new Uint8Array(0);
  blocks.readings = new Uint8Array(0);
}

function setCell(blocks: Blocks, cell: number, value: number): void {
  if (blocks.cells.length === 0) blocks.cells = new Uint8Array(8 * SEQUENCES_MAX).fill(EMPTY);
  blocks.cells[cell] = value;
}

/** Notes a column whose place is certain; false when it said something else before. */
export function putColumn(blocks: Blocks, index: number, column: number, bits: number): boolean {
  const cell = 8 * index + column;
  const before = blocks.cells[cell] ?? EMPTY;
  if (before < SUSPECT) return before === bits;
  setCell(blocks, cell, bits);
  if (blocks.readings.length > 0) blocks.readings[READING_BYTES * index] = UNREAD;
  return true;
}

/** Notes a column that may stand elsewhere: it counts once it was heard there twice alike. */
export function suspectColumn(blocks: Blocks, index: number, column: number, bits: number): void {
  const cell = 8 * index + column;
  const before = blocks.cells[cell] ?? EMPTY;
  // One that contradicts what is certain says nothing: whatever began anew will be heard for certain, too.
  if (before < SUSPECT) return;
  if (before === (SUSPECT | bits)) putColumn(blocks, index, column, bits);
  else setCell(blocks, cell, SUSPECT | bits);
}

/** The one empty column of a block, NONE_MISSING, or MANY_MISSING. */
export function missingColumn({ cells }: Blocks, index: number): number {
  let missing = NONE_MISSING;
  for (let k = 0; k < 8; k++) {
    if ((cells[8 * index + k] ?? EMPTY) < SUSPECT) continue;
    if (missing !== NONE_MISSING) return MANY_MISSING;
    missing = k;
  }
  return missing;
}

/** Columns of the first so many blocks that are not certain. */
export function missingColumns({ cells }: Blocks, blockCount: number): number {
  let missing = 0;
  for (let cell = 0; cell < 8 * blockCount; cell++) if ((cells[cell] ?? EMPTY) >= SUSPECT) missing++;
  return missing;
}

/** Six bytes of a block, with `bits` for the one column that is missing, if any. */
function bytesOfBlock({ cells }: Blocks, index: number, missing: number, bits: number): Uint8Array {
  const six = new Uint8Array(6);
  for (let k = 0; k < 8; k++) {
    const column = k === missing ? bits : (cells[8 * index + k] as number);
    for (let i = 0; i < 6; i++) six[i] = (six[i] as number) | (((column >> (5 - i)) & 1) << k);
  }
  return six;
}

/** Data bytes of a block when its CRC holds. In a block of six, the last column is the CRC's six bits. */
function checkedBlock(six: Uint8Array, blockBytes: 5 | 6, crcColumn: number): Uint8Array | undefined {
  const data = blockBytes === 5 ? six.subarray(0, 5) : six.map((byte) => byte & 0x7f);
  const holds = blockBytes === 5 ? crc8(data) === six[5] : (crc8(data) & 63) === crcColumn;
  return holds ? data : undefined;
}

function readAnew(blocks: Blocks, index: number, blockBytes: 5 | 6): Uint8Array | undefined {
  const { cells } = blocks;
  const missing = missingColumn(blocks, index);
  if (missing === MANY_MISSING) return undefined;
  const crcColumn = cells[8 * index + 7] as number;
  if (missing === NONE_MISSING) {
    const data = checkedBlock(bytesOfBlock(blocks, index, -1, 0), blockBytes, crcColumn);
    if (data === undefined) cells.fill(EMPTY, 8 * index, 8 * index + 8);
    return data;
  }
  if (blockBytes === 6 && missing === 7) return bytesOfBlock(blocks, index, 7, 0);
  let answer: Uint8Array | undefined;
  for (let bits = 0; bits < 64; bits++) {
    const data = checkedBlock(bytesOfBlock(blocks, index, missing, bits), blockBytes, crcColumn);
    if (data === undefined) continue;
    if (answer !== undefined) return undefined;
    answer = data;
  }
  return answer;
}

/**
 * Data bytes of a block whose CRC holds; one missing column is solved for where the CRC leaves one answer. A block
 * whose CRC doesn't hold is emptied.
 */
export function readBlock(blocks: Blocks, index: number, blockBytes: 5 | 6): Uint8Array | undefined {
  if (blocks.readings.length === 0) blocks.readings = new Uint8Array(READING_BYTES * SEQUENCES_MAX);
  const { readings } = blocks;
  const at = READING_BYTES * index;
  if (readings[at] === UNREAD) {
    const data = readAnew(blocks, index, blockBytes);
    readings[at] = data?.length ?? NOTHING;
    if (data !== undefined) readings.set(data, at + 1);
  }
  const byteLength = readings[at] as number;
  return byteLength === NOTHING ? undefined : readings.subarray(at + 1, at + 1 + byteLength);
}

/** Tells whether a run of blocks from `index` on, as far as heard, says these bytes; enough columns must be there. */
export function blocksAgree({ cells }: Blocks, index: number, bytes: Uint8Array, blockBytes: 5 | 6): boolean {
  let heard = 0;
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    for (let k = 0; k < (blockBytes === 6 ? 7 : 8); k++) {
      const bits = cells[8 * (index + at / blockBytes) + k] ?? EMPTY;
      if (bits >= SUSPECT) continue;
      heard++;
      for (let i = 0; i < block.length; i++) {
        if (((bits >> (5 - i)) & 1) !== (((block[i] as number) >> k) & 1)) return false;
      }
    }
  }
  return heard >= 4;
}
