/**
 * ESP-TOUCH v1, the listener's side. A byte's three frames are high half, index, low half. The index frames are anchors;
 * halves are taken where their place is certain, from any round, and a byte counts when its CRC over byte and index
 * holds. The message counts when XOR, the SSID's CRC and the lengths hold.
 * @source PROTOCOL 6.5
 */
import { crc8 } from "#codec/crc.ts";
import { type AirCredentials, LACKS_ALL, type LengthDecoder } from "./air-credentials.ts";
import { anchorFrame, type Bracket, holdFrame, losePlace, newBracket } from "./bracket.ts";
import { DATA_MIN, esptouchV1Order, GUIDE, HEAD_BYTES } from "./esptouch-v1.ts";

const INDEX_MIN = DATA_MIN + 256;
const INDICES = 128;
/** High halves stand before the low ones. */
const LOWS_AT = INDICES;
const EMPTY = 0xffff;
const SILENCE_US = 3_500_000;
const TOTAL_MIN = HEAD_BYTES + 1;
const TOTAL_MAX = HEAD_BYTES + 64 + 32;
/** Indices after which, and before which, BSSID byte 0, 1, 2 ... stands in the order. */
const BEFORE_BSSID = [4, 7, 10, 13, 16, 19] as const;

interface V1 {
  readonly bracket: Bracket;
  /** High halves by index, then low ones; none until one was noted. */
  halves: Uint16Array;
  total: number;
  /** Indices in the order in which they are sent. */
  order: Uint8Array;
  lastIndex: number;
  /** Steps since the last index frame. */
  sinceIndex: number;
  lastValue: number;
  lastWasIndex: boolean;
  slack: number;
  guideRun: number;
  lastUs: number;
  score: number;
}

/** @returns A decoder that holds about 2 KB once it heard data. */
export function esptouchV1Decoder(): LengthDecoder {
  const v1: V1 = {
    bracket: newBracket((place, value) => putHalf(v1, place, value)),
    halves: new Uint16Array(0),
    total: 0,
    order: new Uint8Array(0),
    lastIndex: -1,
    sinceIndex: 0,
    lastValue: -1,
    lastWasIndex: false,
    slack: 0,
    guideRun: 0,
    lastUs: 0,
    score: 0,
  };
  return {
    push: (length, step, us, da) => pushV1(v1, length, step, us, da),
    score: () => v1.score,
    lacks: () => lacksOf(v1),
  };
}

function lacksOf({ total, halves }: V1): number {
  if (total === 0) return LACKS_ALL;
  let lacks = 0;
  for (let index = 0; index < total; index++) {
    if ((halves[index] ?? EMPTY) === EMPTY) lacks++;
    if ((halves[LOWS_AT + index] ?? EMPTY) === EMPTY) lacks++;
  }
  return lacks;
}

function putHalf(v1: V1, place: number, value: number) {
  const index = v1.order[Math.floor(place / 3)];
  if (index === undefined || place % 3 === 1) return;
  noteHalf(v1, (place % 3 === 0 ? 0 : LOWS_AT) + index, value);
}

function forgetV1(v1: V1) {
  v1.halves = new Uint16Array(0);
  v1.total = 0;
  v1.order = new Uint8Array(0);
  v1.lastIndex = -1;
  v1.score = 0;
  losePlace(v1.bracket);
}

function noteHalf(v1: V1, at: number, value: number) {
  const known = v1.halves[at] ?? EMPTY;
  if (known !== EMPTY && known !== value) forgetV1(v1);
  if (v1.halves.length === 0) v1.halves = new Uint16Array(2 * INDICES).fill(EMPTY);
  v1.halves[at] = value;
  v1.score++;
}

/** The byte under an index, or -1. Two halves that don't belong together are both dropped. */
function byteAt({ halves }: V1, index: number): number {
  const high = halves[index] ?? EMPTY;
  const low = halves[LOWS_AT + index] ?? EMPTY;
  if (high === EMPTY || low === EMPTY) return -1;
  const byte = ((high & 15) << 4) | (low & 15);
  const crc = (high & 0xf0) | (low >> 4);
  if (crc8([byte, index]) === crc) return byte;
  halves[index] = EMPTY;
  halves[LOWS_AT + index] = EMPTY;
  return -1;
}

/** Whether one half of the byte under an index was heard, and is that of this byte. */
function isHalfHeard({ halves }: V1, index: number, byte: number): boolean {
  const crc = crc8([byte, index]);
  const high = halves[index] ?? EMPTY;
  const low = halves[LOWS_AT + index] ?? EMPTY;
  return high === EMPTY ? low === (((crc & 15) << 4) | (byte & 15)) : high === ((crc & 0xf0) | (byte >> 4));
}

function learnTotal(v1: V1, n: number) {
  if (n === v1.total || n < TOTAL_MIN || n > TOTAL_MAX) return;
  if (v1.total !== 0) {
    forgetV1(v1);
    return;
  }
  v1.total = n;
  v1.order = Uint8Array.from(esptouchV1Order(n));
}

/** Two indices that follow each other directly give the total where one of them is a BSSID byte's. */
function learnFromNeighbours(v1: V1, before: number, after: number) {
  for (let i = 0; i < BEFORE_BSSID.length; i++) {
    const index = BEFORE_BSSID[i] as number;
    const least = Math.max(TOTAL_MIN, index + 1) + i;
    if (before === index && after >= least) learnTotal(v1, after - i);
    if (after === index + 1 && before >= least) learnTotal(v1, before - i);
  }
}

function completeV1(v1: V1, us: number): AirCredentials | undefined {
  const { total } = v1;
  if (total === 0) return undefined;
  const first = byteAt(v1, 0);
  if (first >= 0 && first !== total) {
    forgetV1(v1);
    return undefined;
  }
  const data = new Uint8Array(total);
  let xor = 0;
  let missing = -1;
  for (let index = 0; index < total; index++) {
    const byte = byteAt(v1, index);
    if (byte < 0 && missing >= 0) return undefined;
    if (byte < 0) missing = index;
    data[index] = Math.max(0, byte);
    xor ^= data[index] as number;
  }
  // One byte of which a half was heard: the XOR of all others says the whole, and that half must say the same.
  if (missing >= 0) {
    if (!isHalfHeard(v1, missing, xor)) return undefined;
    data[missing] = xor;
    xor = 0;
  }
  const passphraseBytes = data[1] as number;
  const ssid = data.slice(HEAD_BYTES + passphraseBytes);
  const holds = xor === 0 && ssid.length >= 1 && ssid.length <= 32 && crc8(ssid) === data[2];
  if (!holds) {
    forgetV1(v1);
    return undefined;
  }
  return {
    protocol: "esptouch-v1",
    ssid,
    passphrase: data.slice(HEAD_BYTES, HEAD_BYTES + passphraseBytes),
    reserved: new Uint8Array(0),
    us,
    token: total & 255,
    phone: data.subarray(5, HEAD_BYTES).join("."),
  };
}

function takeIndex(v1: V1, index: number, steps: number) {
  if (steps === 1 && !v1.lastWasIndex && v1.lastValue >= 0) noteHalf(v1, index, v1.lastValue);
  v1.sinceIndex += steps;
  // Index frames stand three apart, so up to five steps can only be the next one.
  if (v1.lastIndex >= 0 && steps > 0 && v1.sinceIndex >= 3 && v1.sinceIndex <= 5) {
    learnFromNeighbours(v1, v1.lastIndex, index);
  }
  const { total, order, bracket } = v1;
  if (total > 0 && index < total + 6) anchorFrame(bracket, steps, 3 * order.indexOf(index) + 1, 3 * order.length);
  v1.lastIndex = index;
  v1.sinceIndex = 0;
  v1.lastWasIndex = true;
}

function takeHalf(v1: V1, value: number, steps: number) {
  if (steps === 1 && v1.lastWasIndex && v1.lastIndex >= 0) noteHalf(v1, LOWS_AT + v1.lastIndex, value);
  if (steps === 0) v1.lastIndex = -1;
  v1.sinceIndex += steps;
  if (v1.total > 0) holdFrame(v1.bracket, steps, value);
  v1.lastWasIndex = false;
  v1.lastValue = value;
}

function pushV1(v1: V1, length: number, step: number, us: number, da: Uint8Array): AirCredentials | undefined {
  if (((da[0] as number) & 1) === 0) return undefined;
  if (v1.lastUs !== 0 && us - v1.lastUs > SILENCE_US) forgetV1(v1);
  v1.lastUs = us;
  const steps = step === 0 ? 0 : step + v1.slack;
  if (GUIDE.includes(length)) {
    v1.guideRun++;
    v1.score += v1.guideRun > 3 ? 2 : 0;
    losePlace(v1.bracket);
    v1.lastIndex = -1;
    v1.lastValue = -1;
    v1.lastWasIndex = false;
    v1.slack = 0;
    return undefined;
  }
  const isHalf = length >= DATA_MIN && length < INDEX_MIN;
  const isIndex = length >= INDEX_MIN && length < INDEX_MIN + INDICES;
  if (!isHalf && !isIndex) {
    if (step === 0) losePlace(v1.bracket);
    else v1.slack += step - 1;
    return undefined;
  }
  v1.guideRun = 0;
  v1.slack = 0;
  if (isIndex) takeIndex(v1, length - INDEX_MIN, steps);
  else takeHalf(v1, length - DATA_MIN, steps);
  return completeV1(v1, us);
}
