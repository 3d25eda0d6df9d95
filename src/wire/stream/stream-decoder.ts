/**
 * Decodes a stream, block by block, page by page. Its memory is the model's table, 9 KB at most with everything else,
 * besides the block and the page that it is given. Each block stands alone, so after a power cut decoding goes on at the
 * block in which the first unfinished sector begins.
 * @source PROTOCOL 8.5
 */
import { viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { createMoves, MOVES_MAX, readMoved, STRETCHES_MAX } from "./moves.ts";
import {
  AT,
  BLOCK_HEADER_BYTES,
  createModel,
  EXPONENT_MAX,
  learned,
  literalAt,
  MANTISSAS,
  MODEL_ENTRIES,
  PRIMER_BYTES,
  primeLiterals,
  REPEAT_MIN,
  resetModel,
  shareOf,
  TOKEN,
} from "./stream-model.ts";

export interface StreamSource {
  /** Bytes of the base image: 0 for a whole image. */
  readonly baseBytes: number;
  readBase(at: number, byteLength: number): Uint8Array;
  /** Bytes of the image that were decoded before the page in hand. */
  readImage(at: number, byteLength: number): Uint8Array;
  readonly imageBytes: number;
}

export interface StreamDecoder {
  /** Bytes of the image decoded so far: where the page in hand goes on. */
  readonly position: number;
  /** Takes up a block; the first one is number 0. Refuses with STREAM_TOKEN when it begins outside of image or base. */
  startBlock(index: number, block: Uint8Array): Result<undefined>;
  /**
   * Decodes into a page from `filled` on, until it is full, the block ends or the image does.
   * @returns How far the page is filled then, or STREAM_TOKEN for a token that makes no sense.
   */
  fill(page: Uint8Array, filled: number): Result<number>;
  /** Whether the block in hand has nothing more to give. */
  readonly isBlockDone: boolean;
}

const AHEAD_BYTES = 64;
/** Bytes around what is read of a moved base, to see whole instructions. */
const AROUND_BYTES = 16;
/** Numbers and flags of a decoder, at 8 bytes each as an engine keeps them, with room. */
const SCALARS_BYTES = 28 * 8;
/** Memory of a decoder, its block and its page apart. */
export const DECODER_BYTES =
  2 * MODEL_ENTRIES + AHEAD_BYTES + AROUND_BYTES + 8 * MOVES_MAX + 4 * STRETCHES_MAX + SCALARS_BYTES;

export function createStreamDecoder(source: StreamSource): StreamDecoder {
  const model = createModel();
  const moves = createMoves();
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  let range = 0;
  let code = 0;
  let position = 0;
  let base = 0;
  let context = 0;
  let diffs = 0;
  let previous = 0;
  let isBlockDone = true;
  /** A token that did not fit the page: what is left of it, and for a repeat how far back it reads. */
  let left = 0;
  let distance = 0;
  /** A few bytes of the base, read ahead for tokens that use one at a time, and how far they had moved then. */
  let ahead = new Uint8Array(0);
  let aheadAt = 0;
  let aheadBy = 0;

  function bit(entryAt: number): number {
    const entry = model[entryAt] as number;
    const bound = (range >>> 12) * shareOf(entry);
    let value = 0;
    if (code < bound) range = bound;
    else {
      code -= bound;
      range -= bound;
      value = 1;
    }
    model[entryAt] = learned(entry, value);
    normalize();
    return value;
  }

  function rawBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      range >>>= 1;
      const isOne = code >= range;
      if (isOne) code -= range;
      value = value * 2 + (isOne ? 1 : 0);
      normalize();
    }
    return value;
  }

  function normalize(): void {
    while (range < 0x1000000) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | (at < block.length ? (block[at] as number) : 0)) >>> 0;
      at++;
    }
  }

  function tree(from: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | bit(from + node);
    return node - (1 << bits);
  }

  /** A number from 0: exponent in unary, its three high bits by the model, the rest as they are. -1 when too large. */
  function number(from: number): number {
    let exponent = 0;
    while (bit(from + exponent) === 1) if (++exponent > EXPONENT_MAX) return -1;
    let node = 1;
    const modelled = Math.min(3, exponent);
    const mantissa = from + 32 + Math.min(exponent, MANTISSAS - 1) * 8;
    for (let i = 0; i < modelled; i++) node = (node << 1) | bit(mantissa + node);
    const low = exponent - modelled;
    return node * 2 ** low + rawBits(low) - 1;
  }

  /** The table in front of a block's tokens; false when it makes no sense. */
  function readMoves(): boolean {
    moves.count = number(AT.distance);
    if (moves.count < 0 || moves.count > MOVES_MAX) return false;
    if (moves.count === 0) return true;
    moves.imageAddress = number(AT.distance);
    let from = 0;
    for (let i = 0; i < moves.count; i++) {
      from += number(AT.distance);
      moves.from[i] = from;
      const isBack = bit(AT.jumpSign) === 1;
      moves.by[i] = (isBack ? -1 : 1) * number(AT.jump);
    }
    moves.stretches = number(AT.repeatLength);
    if (moves.stretches < 0 || moves.stretches > STRETCHES_MAX) return false;
    let change = 0;
    for (let i = 0; i < moves.stretches; i++) {
      change += number(AT.copyLength);
      moves.changes[i] = change;
    }
    return true;
  }

  function baseBytes(byteLength: number): Uint8Array {
    return readMoved(moves, source.readBase, source.baseBytes, base, byteLength, position - base);
  }

  function baseByte(): number {
    if (base < aheadAt || base >= aheadAt + ahead.length || aheadBy !== position - base) {
      aheadAt = base;
      aheadBy = position - base;
      ahead = baseBytes(Math.min(AHEAD_BYTES, source.baseBytes - base)).slice();
    }
    return ahead[base - aheadAt] as number;
  }

  /** Puts as much of the token in hand as fits. */
  function put(page: Uint8Array, filled: number): number {
    const room = Math.min(left, page.length - filled);
    // What is moved is copied, so a little at a time.
    const size = distance === 0 && moves.count > 0 ? Math.min(room, AHEAD_BYTES) : room;
    if (distance === 0) {
      page.set(baseBytes(size), filled);
      base += size;
    } else {
      // Overlapping repeats read what they wrote, so what lies in the page goes byte by byte.
      const pageAt = position - filled;
      const outside = Math.max(0, Math.min(size, pageAt - (position - distance)));
      if (outside > 0) page.set(source.readImage(position - distance, outside), filled);
      for (let i = outside; i < size; i++) page[filled + i] = page[filled + i - distance] as number;
    }
    left -= size;
    position += size;
    return filled + size;
  }

  function one(page: Uint8Array, filled: number, byte: number): number {
    page[filled] = byte;
    position++;
    return filled + 1;
  }

  /** Reads the next token; single bytes go into the page at once. Undefined when it makes no sense. */
  function token(page: Uint8Array, filled: number): number | undefined {
    const kind = tree(AT.token + context * 8, 3);
    switch (kind) {
      case TOKEN.copy:
        left = number(AT.copyLength) + 1;
        distance = 0;
        context = 1;
        diffs = 0;
        break;
      case TOKEN.jump: {
        const isBack = bit(AT.jumpSign) === 1;
        const jump = number(AT.jump);
        if (jump < 0) return undefined;
        base += isBack ? -jump : jump;
        left = number(AT.jumpLength) + 1;
        distance = 0;
        context = 1;
        diffs = 0;
        break;
      }
      case TOKEN.repeat:
        distance = number(AT.distance) + 1;
        left = number(AT.repeatLength) + REPEAT_MIN;
        context = 3;
        if (distance <= 0 || distance > position || left < REPEAT_MIN) return undefined;
        break;
      case TOKEN.diff: {
        if (base < 0 || base >= source.baseBytes) return undefined;
        const byte = (baseByte() + tree(AT.diff + diffs * 256, 8)) & 255;
        base++;
        context = 2;
        diffs = Math.min(diffs + 1, 2);
        return one(page, filled, byte);
      }
      case TOKEN.literal:
        context = 3;
        previous = filled > 0 ? (page[filled - 1] as number) : lastByte();
        return one(page, filled, tree(literalAt(previous), 8));
      case TOKEN.end:
        isBlockDone = true;
        return filled;
      default:
        return undefined;
    }
    if (left <= 0 || left > source.imageBytes - position) return undefined;
    if (distance === 0 && (base < 0 || left > source.baseBytes - base)) return undefined;
    return filled;
  }

  function lastByte(): number {
    return position === 0 ? 0 : (source.readImage(position - 1, 1)[0] as number);
  }

  return {
    get position() {
      return position;
    },
    get isBlockDone() {
      return isBlockDone;
    },
    startBlock(index, bytes) {
      const headerBytes = index === 0 ? 0 : BLOCK_HEADER_BYTES;
      if (bytes.length < headerBytes) return refuse("STREAM_TOKEN");
      const view = viewOf(bytes);
      const u24 = (offset: number) => view.getUint16(offset, true) + view.getUint8(offset + 2) * 65536;
      position = index === 0 ? 0 : u24(0);
      base = index === 0 ? 0 : u24(3);
      if (position > source.imageBytes || base > source.baseBytes) return refuse("STREAM_TOKEN");
      block = bytes;
      at = headerBytes;
      range = 0xffffffff;
      code = 0;
      for (let i = 0; i < 4; i++) code = ((code << 8) | (at < block.length ? (block[at++] as number) : 0)) >>> 0;
      context = 0;
      diffs = 0;
      left = 0;
      resetModel(model);
      ahead = new Uint8Array(0);
      if (source.baseBytes > 0 && !readMoves()) return refuse("STREAM_TOKEN");
      resetModel(model);
      const primerAt = primerStart(base, source.baseBytes);
      primeLiterals(model, source.readBase(primerAt, Math.min(PRIMER_BYTES, source.baseBytes - primerAt)));
      isBlockDone = position === source.imageBytes;
      return ok(undefined);
    },
    fill(page, filledBefore) {
      let filled = filledBefore;
      while (filled < page.length && !isBlockDone) {
        if (left > 0) filled = put(page, filled);
        else {
          const next = token(page, filled);
          if (next === undefined) return refuse("STREAM_TOKEN");
          filled = next;
        }
        if (left === 0 && position === source.imageBytes) isBlockDone = true;
      }
      return ok(filled);
    },
  };
}

/** Where a block's primer begins: around where the block begins to read the base. */
export function primerStart(base: number, baseBytes: number): number {
  return Math.max(0, Math.min(base - PRIMER_BYTES / 2, baseBytes - PRIMER_BYTES));
}
