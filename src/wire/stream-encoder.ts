/**
 * Encodes an image as a stream (PROTOCOL 8.5), over a base image or over nothing. Runs on hosts: it takes memory of
 * several times the images, and seconds for large ones.
 */
import { viewOf } from "#base/bytes.ts";
import { BLOCK_BYTES } from "./blocks.ts";
import { createRangeEncoder, type RangeEncoder } from "./range-encoder.ts";
import { primerStart } from "./stream-decoder.ts";
import {
  AT,
  BLOCK_HEADER_BYTES,
  createModel,
  literalAt,
  PRIMER_BYTES,
  primeLiterals,
  REPEAT_MIN,
  TOKEN,
} from "./stream-model.ts";

/** Room that the longest token and a block's end may take. */
const TOKEN_BYTES_MAX = 24;
const HASH_BITS = 17;

type Bytes = Uint8Array;

/** Chains of places that begin with the same few bytes. */
interface Index {
  add(upTo: number): void;
  /** Earlier places like the one at `at` of `bytes`, nearest first. */
  candidates(bytes: Bytes, at: number, max: number): number[];
}

function createIndex(data: Bytes, gram: number): Index {
  const heads = new Int32Array(1 << HASH_BITS).fill(-1);
  const chain = new Int32Array(data.length).fill(-1);
  let added = 0;
  const hash = (bytes: Bytes, at: number) => {
    let value = 0;
    for (let i = 0; i < gram; i++) value = Math.imul(value ^ (bytes[at + i] as number), 0x9e3779b1) ^ (value >>> 15);
    return Math.imul(value, 0x85ebca6b) >>> (32 - HASH_BITS);
  };
  return {
    add(upTo) {
      for (; added < upTo && added + gram <= data.length; added++) {
        const slot = hash(data, added);
        chain[added] = heads[slot] as number;
        heads[slot] = added;
      }
    },
    candidates(bytes, at, max) {
      const found: number[] = [];
      if (at + gram > bytes.length) return found;
      for (
        let place = heads[hash(bytes, at)] as number;
        place >= 0 && found.length < max;
        place = chain[place] as number
      ) {
        found.push(place);
      }
      return found;
    },
  };
}

function matchLength(a: Bytes, at: number, b: Bytes, bt: number, max = Number.POSITIVE_INFINITY): number {
  let length = 0;
  while (length < max && at + length < a.length && bt + length < b.length && a[at + length] === b[bt + length])
    length++;
  return length;
}

/** How much two places have in common over the next bytes, differences counted against it. */
function likeness(image: Bytes, at: number, base: Bytes, bt: number, limit: number): number {
  let score = 0;
  let best = 0;
  for (let i = 0; i < limit && at + i < image.length && bt + i < base.length; i++) {
    score += image[at + i] === base[bt + i] ? 1 : -1.2;
    if (score > best) best = score;
    if (score < best - 12) break;
  }
  return best;
}

interface Found {
  readonly at: number;
  readonly length: number;
  readonly score: number;
}

/** Where else in the base the image goes on: the place most alike, weighed by how far the jump is. */
function findJump(baseIndex: Index, image: Bytes, at: number, base: Bytes, from: number): Found | undefined {
  let best: Found | undefined;
  for (const place of baseIndex.candidates(image, at, 64)) {
    if (place === from) continue;
    const length = matchLength(image, at, base, place);
    if (length < 6) continue;
    const score = likeness(image, at, base, place, 400) - (Math.abs(place - from) < 64 ? 4 : 6);
    const isNearer = best !== undefined && score === best.score && Math.abs(place - from) < Math.abs(best.at - from);
    if (best === undefined || score > best.score || isNearer) best = { at: place, length, score };
  }
  return best;
}

function findRepeat(imageIndex: Index, image: Bytes, at: number): Found | undefined {
  let best: Found | undefined;
  for (const place of imageIndex.candidates(image, at, 128)) {
    const length = matchLength(image, at, image, place);
    if (length >= REPEAT_MIN && (best === undefined || length > best.length))
      best = { at: place, length, score: length };
  }
  return best;
}

interface Writer {
  readonly coder: RangeEncoder;
  readonly model: Uint16Array;
  context: number;
  diffs: number;
}

/**
 * @param base Bytes of the base image; empty for a whole image.
 * @returns The stream: blocks of BLOCK_BYTES, the last one as long as it is.
 */
export function encodeStream(base: Uint8Array, image: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  const baseIndex = createIndex(base, 6);
  baseIndex.add(base.length);
  const imageIndex = createIndex(image, REPEAT_MIN);
  let at = 0;
  let from = 0;
  while (at < image.length) {
    const [blockAt, blockFrom] = [at, from];
    const writer = startWriter(base, from);
    const budget = BLOCK_BYTES - (blocks.length === 0 ? 0 : BLOCK_HEADER_BYTES) - TOKEN_BYTES_MAX;
    while (at < image.length && writer.coder.byteLength < budget) {
      imageIndex.add(at);
      [at, from] = encodeToken(writer, { base, image, baseIndex, imageIndex }, at, from);
    }
    const isLast = at >= image.length;
    if (!isLast) writeToken(writer, TOKEN.end, writer.context);
    blocks.push(finishBlock(writer.coder.finish(), blocks.length, blockAt, blockFrom, isLast));
  }
  return join(blocks);
}

function startWriter(base: Bytes, from: number): Writer {
  const model = createModel();
  const primerAt = primerStart(from, base.length);
  primeLiterals(model, base.subarray(primerAt, Math.min(base.length, primerAt + PRIMER_BYTES)));
  return { coder: createRangeEncoder(model), model, context: 0, diffs: 0 };
}

interface Material {
  readonly base: Bytes;
  readonly image: Bytes;
  readonly baseIndex: Index;
  readonly imageIndex: Index;
}

/** Writes the token that fits best here; gives the places in image and base after it. */
function encodeToken(writer: Writer, material: Material, at: number, from: number): [number, number] {
  const { base, image, baseIndex, imageIndex } = material;
  const { coder } = writer;
  const copy = from >= base.length ? 0 : matchLength(image, at, base, from);
  const staying = likeness(image, at, base, from, 400);
  const jump = copy < 24 ? findJump(baseIndex, image, at, base, from) : undefined;
  const repeat = copy < 24 ? findRepeat(imageIndex, image, at) : undefined;
  const repeatLength = repeat?.length ?? 0;
  const putCopy = (): [number, number] => {
    writeToken(writer, TOKEN.copy, 1);
    coder.number(AT.copyLength, copy - 1);
    writer.diffs = 0;
    return [at + copy, from + copy];
  };
  const putRepeat = (): [number, number] => {
    writeToken(writer, TOKEN.repeat, 3);
    coder.number(AT.distance, at - (repeat as Found).at - 1);
    coder.number(AT.repeatLength, repeatLength - REPEAT_MIN);
    return [at + repeatLength, from];
  };
  if (jump !== undefined && jump.score > staying + 6 && jump.score >= 6 && jump.score >= repeatLength * 0.9) {
    writeToken(writer, TOKEN.jump, 1);
    coder.bit(AT.jumpSign, jump.at < from ? 1 : 0);
    coder.number(AT.jump, Math.abs(jump.at - from));
    coder.number(AT.jumpLength, jump.length - 1);
    writer.diffs = 0;
    return [at + jump.length, jump.at + jump.length];
  }
  const goesOn = writer.context === 1 || writer.context === 2;
  if (copy >= 3 || (copy > 0 && (staying > 4 || goesOn) && repeatLength < copy + 4)) return putCopy();
  if ((repeatLength >= 5 && staying < repeatLength) || repeatLength >= 12) return putRepeat();
  if (copy > 0 && writer.context < 3) return putCopy();
  const isAligned = from < base.length && likeness(image, at + 1, base, from + 1, 48) >= 3;
  if (isAligned && copy === 0) {
    writeToken(writer, TOKEN.diff, 2);
    coder.tree(AT.diff + writer.diffs * 256, 8, ((image[at] as number) - (base[from] as number)) & 255);
    writer.diffs = Math.min(writer.diffs + 1, 2);
    return [at + 1, from + 1];
  }
  if (repeatLength >= REPEAT_MIN) return putRepeat();
  writeToken(writer, TOKEN.literal, 3);
  coder.tree(literalAt(at > 0 ? (image[at - 1] as number) : 0), 8, image[at] as number);
  return [at + 1, from];
}

function writeToken(writer: Writer, token: number, context: number): void {
  writer.coder.tree(AT.token + writer.context * 8, 3, token);
  writer.context = context;
}

/** A block other than the first says where it begins; one other than the last is filled up. */
function finishBlock(coded: Bytes, index: number, at: number, from: number, isLast: boolean): Bytes {
  const headerBytes = index === 0 ? 0 : BLOCK_HEADER_BYTES;
  const block = new Uint8Array(isLast ? Math.max(1, headerBytes + coded.length) : BLOCK_BYTES);
  if (index > 0) {
    const view = viewOf(block);
    view.setUint16(0, at & 0xffff, true);
    view.setUint8(2, at >> 16);
    view.setUint16(3, from & 0xffff, true);
    view.setUint8(5, from >> 16);
  }
  block.set(coded, headerBytes);
  return block;
}

function join(blocks: readonly Bytes[]): Bytes {
  const all = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}
