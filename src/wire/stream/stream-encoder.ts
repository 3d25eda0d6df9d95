/**
 * Encodes an image as a stream (PROTOCOL 8.5), over a base image or over nothing. Runs on hosts: it takes memory of
 * several times the images, and seconds for large ones.
 */
import { viewOf } from "#base/bytes.ts";
import { BLOCK_BYTES } from "#wire/releases/blocks.ts";
import { type Alike, chooseMoves, findMoves, type MovesFound, noteAlike } from "./find-moves.ts";
import { createMatchIndex, type MatchIndex } from "./match-index.ts";
import { createMovedBase, type MovedBase } from "./moved-base.ts";
import { createMoves, type Moves } from "./moves.ts";
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
  resetModel,
  TOKEN,
} from "./stream-model.ts";

/** Room that the longest token and a block's end may take. */
const TOKEN_BYTES_MAX = 24;

type Bytes = Uint8Array;

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

interface Match {
  readonly at: number;
  readonly length: number;
  readonly score: number;
}

/** How far ahead two places are compared. */
const LIKENESS_BYTES = 400;

/** Where else in the base the image goes on: the place most alike, weighed by how far the jump is. */
function findJump(material: Material, at: number, from: number): Match | undefined {
  const { base, image, baseIndex, moved } = material;
  let best: Match | undefined;
  for (const place of baseIndex.candidates(image, at, 64, base.length)) {
    if (place === from) continue;
    const there = moved.isPlain ? base : moved.read(place, LIKENESS_BYTES, at - place);
    const start = moved.isPlain ? place : 0;
    let length = matchLength(image, at, there, start);
    if (length === LIKENESS_BYTES && !moved.isPlain) length = copyLength(material, at, place);
    if (length < 6) continue;
    const score = likeness(image, at, there, start, LIKENESS_BYTES) - (Math.abs(place - from) < 64 ? 3 : 6);
    const isNearer = best !== undefined && score === best.score && Math.abs(place - from) < Math.abs(best.at - from);
    if (best === undefined || score > best.score || isNearer) best = { at: place, length, score };
  }
  return best;
}

function findRepeat(imageIndex: MatchIndex, image: Bytes, at: number): Match | undefined {
  let best: Match | undefined;
  for (const place of imageIndex.candidates(image, at, 128, at)) {
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
  const indexes = { base, image, baseIndex: createMatchIndex(base, 6) };
  indexes.baseIndex.add(base.length);
  let best: Uint8Array | undefined;
  let found: MovesFound | undefined;
  // What is found alike says what moved; moved by that, more is found alike.
  for (;;) {
    const alike: Alike[] = [];
    const stream = encodeBlocks(indexes, found, alike);
    if (best !== undefined && stream.length >= best.length) return best;
    best = stream;
    found = findMoves(base, image, alike);
    if (found.votes.length === 0) return best;
  }
}

/** @param alike Is told what came from the base. */
function encodeBlocks(indexes: Indexes, found: MovesFound | undefined, alike: Alike[]): Uint8Array {
  const { base, image } = indexes;
  const imageIndex = createMatchIndex(image, REPEAT_MIN);
  const blocks: Uint8Array[] = [];
  let at = 0;
  let from = 0;
  while (at < image.length) {
    const start = { blocks: blocks.length, at, from };
    let block = encodeBlock({ ...indexes, imageIndex }, start, found && chooseMoves(found, 0, base.length));
    if (found !== undefined && (start.at > 0 || block.at < image.length)) {
      // Another block's references need not be in this one's table.
      const lowest = Math.min(...block.alike.map((each) => each.from));
      const highest = Math.max(...block.alike.map((each) => each.from + each.byteLength));
      const table = chooseMoves(found, lowest, highest + BLOCK_BYTES);
      const narrow = encodeBlock({ ...indexes, imageIndex }, start, table);
      if (narrow.at > block.at || (narrow.at === block.at && narrow.bytes.length < block.bytes.length)) block = narrow;
    }
    blocks.push(block.bytes);
    alike.push(...block.alike);
    [at, from] = [block.at, block.from];
  }
  return join(blocks);
}

interface Start {
  /** Blocks before this one. */
  readonly blocks: number;
  readonly at: number;
  readonly from: number;
}

interface Block {
  readonly bytes: Bytes;
  /** The places in image and base behind it. */
  readonly at: number;
  readonly from: number;
  readonly alike: readonly Alike[];
}

function encodeBlock(
  indexes: Indexes & { readonly imageIndex: MatchIndex },
  start: Start,
  moves = createMoves(),
): Block {
  const { base, image, imageIndex } = indexes;
  const material: Material = { ...indexes, moved: createMovedBase(base, moves) };
  const writer = startWriter(base, start.from, moves);
  const budget = BLOCK_BYTES - (start.blocks === 0 ? 0 : BLOCK_HEADER_BYTES) - TOKEN_BYTES_MAX;
  let [at, from] = [start.at, start.from];
  const alike: Alike[] = [];
  while (at < image.length && writer.coder.byteLength < budget) {
    imageIndex.add(at);
    const [nextAt, nextFrom] = encodeToken(writer, material, at, from);
    if (nextFrom !== from) {
      noteAlike(alike, at, nextFrom - (nextAt - at), nextAt - at);
    }
    [at, from] = [nextAt, nextFrom];
  }
  const isLast = at >= image.length;
  if (!isLast) writeToken(writer, TOKEN.end, writer.context);
  const bytes = finishBlock(writer.coder.finish(), start.blocks, start.at, start.from, isLast);
  return { bytes, at, from, alike };
}

function startWriter(base: Bytes, from: number, moves: Moves): Writer {
  const model = createModel();
  const coder = createRangeEncoder(model);
  if (base.length > 0) writeMoves(coder, moves);
  resetModel(model);
  const primerAt = primerStart(from, base.length);
  primeLiterals(model, base.subarray(primerAt, Math.min(base.length, primerAt + PRIMER_BYTES)));
  return { coder, model, context: 0, diffs: 0 };
}

function writeMoves(coder: RangeEncoder, { count, imageAddress, from, by, stretches, changes }: Moves): void {
  coder.number(AT.distance, count);
  if (count === 0) return;
  coder.number(AT.distance, imageAddress);
  for (let i = 0; i < count; i++) {
    const shift = by[i] as number;
    coder.number(AT.distance, (from[i] as number) - (from[i - 1] ?? 0));
    coder.bit(AT.jumpSign, shift < 0 ? 1 : 0);
    coder.number(AT.jump, Math.abs(shift));
  }
  coder.number(AT.repeatLength, stretches);
  for (let i = 0; i < stretches; i++) coder.number(AT.copyLength, (changes[i] as number) - (changes[i - 1] ?? 0));
}

interface Indexes {
  readonly base: Bytes;
  readonly image: Bytes;
  readonly baseIndex: MatchIndex;
}

interface Material extends Indexes {
  readonly imageIndex: MatchIndex;
  readonly moved: MovedBase;
}

/** Bytes from `at` on that the base has too where it goes on. */
function copyLength({ base, image, moved }: Material, at: number, from: number): number {
  let length = 0;
  for (;;) {
    const window = 1 << 12;
    const here = moved.around(from + length, window, at - from);
    const found = matchLength(image, at + length, here, from + length, Math.min(window, base.length - from - length));
    length += found;
    if (found < window) return length;
  }
}

/** Writes the token that fits best here; gives the places in image and base after it. */
function encodeToken(writer: Writer, material: Material, at: number, from: number): [number, number] {
  const { base, image, imageIndex, moved } = material;
  const { coder } = writer;
  const here = from >= base.length ? base : moved.around(from, LIKENESS_BYTES, at - from);
  const copy = from >= base.length ? 0 : copyLength(material, at, from);
  const staying = likeness(image, at, here, from, LIKENESS_BYTES);
  const jump = copy < 24 ? findJump(material, at, from) : undefined;
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
    coder.number(AT.distance, at - (repeat as Match).at - 1);
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
  const isAligned = from < base.length && likeness(image, at + 1, here, from + 1, 48) >= 3;
  if (isAligned && copy === 0) {
    writeToken(writer, TOKEN.diff, 2);
    coder.tree(AT.diff + writer.diffs * 256, 8, ((image[at] as number) - (here[from] as number)) & 255);
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
