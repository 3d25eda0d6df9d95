/**
 * ESP-TOUCH v2, the listener's side. Every frame is placed on the sender's round by the sequence numbers of the
 * transmitter: between two frames heard, the sender went on by at least one and at most `step` places, and a data
 * frame names its column. A frame that could stand in more than one place is not used, so that two neighbouring groups
 * are never spliced: the six bits of a group's CRC alone would let one in 64 through.
 *
 * A place is certain when the frames before and behind it stand exactly as many places off as numbers, up to a marker,
 * size or sync that stood as counted: then nothing else was sent in between, by nobody, not even by another program of
 * the same phone. What stands less well counts when it was heard there twice alike.
 * @source PROTOCOL 6.4
 */
import type { AesBlocks } from "#codec/aes-modes.ts";
import { type AirCredentials, LACKS_ALL, type LengthDecoder, LOCK_SCORE } from "./air-credentials.ts";
import { MARKER, SEQUENCES_MAX, SIZE, SYNC } from "./esptouch-v2.ts";
import { type Blocks, clearBlocks, missingColumns, newBlocks, putColumn, suspectColumn } from "./esptouch-v2-blocks.ts";
import { readMessage, type V2Context } from "./esptouch-v2-message.ts";

/** Two syncs, two sizes, eight head columns stand before the groups; a group is three markers and eight columns. */
const HEAD_AT = 4;
const GROUPS_AT = 12;
const GROUP_FRAMES = 11;
const MARKER_FRAMES = 3;
/** A longer gap leaves too many places open to be worth looking. */
const STEP_MAX = 64;
/** A sender that was silent for so long may have started anew with other credentials. */
const SILENCE_US = 2_000_000;
/** Data frames held without an anchor: after so many, one would have come. Whoever sends none gets no more of a unit's memory. */
const RUN_MAX = 96;
const [COLUMNS, BITS] = [8, 64] as const;

interface V2 {
  readonly context: V2Context;
  /** Block 0 is the head. */
  readonly blocks: Blocks;
  sequences: number;
  sizeSeen: number;
  syncJustSeen: boolean;
  /** Where the last frame stood, as a range of places on the round; low is -1 when nothing is known. */
  low: number;
  high: number;
  /** Frames that followed one another as counted since the last certain one, each (block x COLUMNS + column) x BITS + bits. */
  run: number[];
  /** True while that run goes back to an anchor that itself stood as counted. */
  isFirm: boolean;
  slack: number;
  lastUs: number;
  score: number;
}

/**
 * @param aes    Block functions and the product's key, for security 1 and 2; without a key those are never found.
 * @param network The access point that relays this sender, as the unit's own scan knows it.
 * @returns A decoder that holds about 2 KB once it heard columns.
 */
export function esptouchV2Decoder(aes?: AesBlocks, aesKey?: Uint8Array, network?: V2Context["network"]): LengthDecoder {
  const v2: V2 = {
    context: { aes, aesKey, network },
    blocks: newBlocks(),
    sequences: 0,
    sizeSeen: 0,
    syncJustSeen: false,
    low: -1,
    high: -1,
    run: [],
    isFirm: false,
    slack: 0,
    lastUs: 0,
    score: 0,
  };
  return {
    push: (length, step, us, da) => pushV2(v2, length, step, us, da),
    score: () => v2.score,
    lacks: () => (v2.sequences === 0 ? LACKS_ALL : missingColumns(v2.blocks, v2.sequences)),
  };
}

function roundFrames({ sequences }: V2): number {
  return GROUPS_AT + GROUP_FRAMES * (sequences - 1);
}

function forgetV2(v2: V2) {
  clearBlocks(v2.blocks);
  v2.sequences = 0;
  v2.sizeSeen = 0;
  v2.low = -1;
  v2.run = [];
  v2.isFirm = false;
  v2.score = 0;
}

/** All but the last `but` frames of the run are certain. */
function settleRun(v2: V2, but: number) {
  for (const held of v2.run.splice(0, v2.run.length - but)) {
    const cell = Math.floor(held / BITS);
    if (putColumn(v2.blocks, Math.floor(cell / COLUMNS), cell % COLUMNS, held % BITS)) continue;
    // Another message began where a place said something else before: nothing of the old one may stay.
    const keep = v2.sequences;
    forgetV2(v2);
    v2.sequences = keep;
  }
}

/** What was held can't be certain any more. */
function breakRun(v2: V2) {
  v2.isFirm = false;
  for (const held of v2.run.splice(0)) {
    const cell = Math.floor(held / BITS);
    suspectColumn(v2.blocks, Math.floor(cell / COLUMNS), cell % COLUMNS, held % BITS);
  }
}

/** Narrows the range to those of `places` (and a round later) inside it; gives how many there are. */
function narrow(v2: V2, from: number, to: number, places: readonly number[]): number {
  let count = 0;
  let first = -1;
  let last = -1;
  const round = roundFrames(v2);
  const laps = v2.sequences > 0 ? [0, round] : [0];
  for (const lap of laps) {
    for (const place of places) {
      if (place + lap < from || place + lap > to) continue;
      if (count++ === 0) first = place + lap;
      last = place + lap;
    }
  }
  v2.low = first;
  v2.high = last;
  if (count > 0 && v2.sequences > 0 && v2.low >= round) {
    v2.low -= round;
    v2.high -= round;
  }
  return count;
}

/** The places at which a data frame of this column can stand. */
function dataPlaces({ sequences }: V2, column: number, from: number, to: number): number[] {
  const places = [HEAD_AT + column];
  const first = GROUPS_AT + MARKER_FRAMES + column;
  const groups = sequences > 0 ? sequences - 1 : Math.ceil((to - first) / GROUP_FRAMES) + 1;
  const firstGroup = sequences > 0 ? 0 : Math.max(0, Math.floor((from - first) / GROUP_FRAMES));
  for (let g = firstGroup; g < groups; g++) places.push(first + g * GROUP_FRAMES);
  return places;
}

function takeSize(v2: V2, n: number) {
  const isSure = v2.syncJustSeen || v2.sizeSeen === n;
  v2.sizeSeen = n;
  if (!isSure || n === v2.sequences) return;
  if (v2.sequences !== 0) {
    forgetV2(v2);
    v2.sizeSeen = n;
  }
  v2.sequences = n;
}

function completeV2(v2: V2, us: number): AirCredentials | undefined {
  if (v2.sequences === 0) return undefined;
  const found = readMessage(v2.blocks, v2.sequences, v2.context, us);
  if (found !== "damaged") return found;
  forgetV2(v2);
  return undefined;
}

function pushV2(v2: V2, length: number, step: number, us: number, da: Uint8Array): AirCredentials | undefined {
  if (da.some((byte) => byte !== 0xff)) return undefined;
  if (us - v2.lastUs > SILENCE_US && v2.lastUs !== 0) forgetV2(v2);
  v2.lastUs = us;
  const isSync = length === SYNC;
  const isSize = length > SIZE && length < SIZE + SEQUENCES_MAX;
  const isMarker = length >= MARKER && length < MARKER + 64;
  const isData = length > 0 && length < 1024 && (length & 64) !== 0;
  if (!isSync && !isSize && !isMarker && !isData) {
    // Another datagram of the same phone: it used up a sequence number, but no place on the round.
    if (step === 0) v2.low = -1;
    else v2.slack += step - 1;
    return undefined;
  }
  const steps = step === 0 ? 0 : v2.slack + step;
  v2.slack = 0;
  if (v2.low >= 0 && (steps < 1 || steps > STEP_MAX)) {
    breakRun(v2);
    v2.low = -1;
  }
  if (isSync) {
    takeAnchorV2(v2, steps, [0, 2]);
    v2.syncJustSeen = true;
    v2.score++;
  } else if (isSize) {
    takeSize(v2, length - SIZE + 1);
    takeAnchorV2(v2, steps, [1, 3]);
    if (v2.syncJustSeen) v2.score += LOCK_SCORE / 2;
    v2.syncJustSeen = false;
  } else if (isMarker) {
    v2.syncJustSeen = false;
    const group = length - MARKER;
    if (v2.sequences > 0 && group > v2.sequences - 2) return undefined;
    const at = GROUPS_AT + GROUP_FRAMES * group;
    if (takeAnchorV2(v2, steps, [at, at + 1, at + 2])) v2.score++;
  } else {
    v2.syncJustSeen = false;
    if (v2.low < 0) return undefined;
    takeData(v2, length, steps);
  }
  return completeV2(v2, us);
}

/** Whether a frame of this column (-1 for an anchor, whose places these are) stands exactly so many places on as numbers, or somewhere before, or nowhere. */
function stand(v2: V2, steps: number, column: number, anchors: readonly number[]): "exactly" | "before" | "nowhere" {
  if (v2.low < 0) return "nowhere";
  const { low, high } = v2;
  const placesIn = (from: number) => (column < 0 ? anchors : dataPlaces(v2, column, from, high + steps));
  if (narrow(v2, low + steps, high + steps, placesIn(low + steps)) > 0) return "exactly";
  return narrow(v2, low + 1, high + steps, placesIn(low + 1)) > 0 ? "before" : "nowhere";
}

/** @returns Whether it stands where it could be. */
function takeAnchorV2(v2: V2, steps: number, places: readonly number[]): boolean {
  const how = stand(v2, steps, -1, places);
  if (how === "exactly") {
    v2.isFirm = true;
    settleRun(v2, 0);
  } else {
    const { low, high } = v2;
    breakRun(v2);
    v2.low = how === "before" ? low : (places[0] as number);
    v2.high = how === "before" ? high : (places.at(-1) as number);
  }
  return how !== "nowhere";
}

function takeData(v2: V2, length: number, steps: number) {
  const column = length >> 7;
  const how = stand(v2, steps, column, []);
  if (how !== "exactly") breakRun(v2);
  const { low } = v2;
  if (how === "nowhere" || low !== v2.high) return;
  v2.score++;
  const block = low < GROUPS_AT ? 0 : 1 + Math.floor((low - GROUPS_AT) / GROUP_FRAMES);
  if (block >= SEQUENCES_MAX) return;
  const bits = length & (BITS - 1);
  if (how === "before") return suspectColumn(v2.blocks, block, column, bits);
  v2.run.push((block * COLUMNS + column) * BITS + bits);
  // The last place of a round: nothing more may come for a while.
  if (v2.isFirm) settleRun(v2, v2.sequences > 0 && low === roundFrames(v2) - 1 ? 0 : 1);
  else if (v2.run.length > RUN_MAX) v2.run.shift();
}
