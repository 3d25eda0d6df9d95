/**
 * ESP-TOUCH v1, the listener's side. A byte's three frames are high half, index, low half. The index frames are anchors;
 * halves are taken where their place is certain, from any round, and a byte counts when its CRC over byte and index
 * holds. The message counts when XOR, the SSID's CRC and the lengths hold.
 * @source PROTOCOL 6.5
 */
import { crc8 } from "#codec/crc.ts";
import { anchorFrame, holdFrame, losePlace, newBracket } from "./bracket.ts";
import { DATA_MIN, esptouchV1Order, GUIDE, HEAD_BYTES } from "./esptouch-v1.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";

const INDEX_MIN = DATA_MIN + 256;
const INDICES = 128;
const EMPTY = 0xffff;
const SILENCE_US = 3_500_000;
const TOTAL_MIN = HEAD_BYTES + 1;
const TOTAL_MAX = HEAD_BYTES + 64 + 32;
/** Indices after which, and before which, BSSID byte 0, 1, 2 ... stands in the order. */
const BEFORE_BSSID = [4, 7, 10, 13, 16, 19] as const;

/** @returns A decoder that holds about 1.5 KB. */
export function esptouchV1Decoder(): LengthDecoder {
  const highs = new Uint16Array(INDICES).fill(EMPTY);
  const lows = new Uint16Array(INDICES).fill(EMPTY);
  let total = 0;
  let order = new Uint8Array(0);
  let slots = new Uint8Array(0);
  let lastIndex = -1;
  /** Steps since the last index frame. */
  let sinceIndex = 0;
  let lastValue = -1;
  let lastWasIndex = false;
  let slack = 0;
  let guideRun = 0;
  let lastUs = 0;
  let score = 0;

  const bracket = newBracket((place, value) => {
    const index = order[Math.floor(place / 3)];
    if (index === undefined || place % 3 === 1) return;
    note(place % 3 === 0 ? highs : lows, index, value);
  });

  function forget() {
    highs.fill(EMPTY);
    lows.fill(EMPTY);
    total = 0;
    order = new Uint8Array(0);
    lastIndex = -1;
    score = 0;
    losePlace(bracket);
  }

  function note(halves: Uint16Array, index: number, value: number) {
    const known = halves[index];
    if (known !== EMPTY && known !== value) forget();
    halves[index] = value;
    score++;
  }

  /** The byte under an index, or -1. Two halves that don't belong together are both dropped. */
  function byteAt(index: number): number {
    const high = highs[index] as number;
    const low = lows[index] as number;
    if (high === EMPTY || low === EMPTY) return -1;
    const byte = ((high & 15) << 4) | (low & 15);
    const crc = (high & 0xf0) | (low >> 4);
    if (crc8([byte, index]) === crc) return byte;
    highs[index] = EMPTY;
    lows[index] = EMPTY;
    return -1;
  }

  function learnTotal(n: number) {
    if (n === total || n < TOTAL_MIN || n > TOTAL_MAX) return;
    if (total !== 0) {
      forget();
      return;
    }
    total = n;
    order = Uint8Array.from(esptouchV1Order(n));
    slots = new Uint8Array(INDICES);
    order.forEach((index, slot) => {
      slots[index] = slot;
    });
  }

  /** Two indices that follow each other directly give the total where one of them is a BSSID byte's. */
  function learnFromNeighbours(before: number, after: number) {
    BEFORE_BSSID.forEach((index, i) => {
      const least = Math.max(TOTAL_MIN, index + 1) + i;
      if (before === index && after >= least) learnTotal(after - i);
      if (after === index + 1 && before >= least) learnTotal(before - i);
    });
  }

  function complete(us: number): Found | undefined {
    if (total === 0) return undefined;
    const first = byteAt(0);
    if (first >= 0 && first !== total) {
      forget();
      return undefined;
    }
    const data = new Uint8Array(total);
    let xor = 0;
    for (let index = 0; index < total; index++) {
      const byte = byteAt(index);
      if (byte < 0) return undefined;
      data[index] = byte;
      if (index !== 4) xor ^= byte;
    }
    const passphraseBytes = data[1] as number;
    const ssid = data.slice(HEAD_BYTES + passphraseBytes);
    const holds = xor === data[4] && ssid.length >= 1 && ssid.length <= 32 && crc8(ssid) === data[2];
    if (!holds) {
      forget();
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

  function takeIndex(index: number, steps: number) {
    if (steps === 1 && !lastWasIndex && lastValue >= 0) note(highs, index, lastValue);
    sinceIndex += steps;
    // Index frames stand three apart, so up to five steps can only be the next one.
    if (lastIndex >= 0 && steps > 0 && sinceIndex >= 3 && sinceIndex <= 5) learnFromNeighbours(lastIndex, index);
    if (total > 0 && index < total + 6) anchorFrame(bracket, steps, 3 * (slots[index] as number) + 1, 3 * order.length);
    lastIndex = index;
    sinceIndex = 0;
    lastWasIndex = true;
  }

  function takeHalf(value: number, steps: number) {
    if (steps === 1 && lastWasIndex && lastIndex >= 0) note(lows, lastIndex, value);
    if (steps === 0) lastIndex = -1;
    sinceIndex += steps;
    if (total > 0) holdFrame(bracket, steps, value);
    lastWasIndex = false;
    lastValue = value;
  }

  function push(length: number, step: number, us: number, da: Uint8Array): Found | undefined {
    if (((da[0] as number) & 1) === 0) return undefined;
    if (lastUs !== 0 && us - lastUs > SILENCE_US) forget();
    lastUs = us;
    const steps = step === 0 ? 0 : step + slack;
    if (GUIDE.includes(length)) {
      guideRun++;
      score += guideRun > 3 ? 2 : 0;
      losePlace(bracket);
      lastIndex = -1;
      lastValue = -1;
      lastWasIndex = false;
      slack = 0;
      return undefined;
    }
    const isHalf = length >= DATA_MIN && length < INDEX_MIN;
    const isIndex = length >= INDEX_MIN && length < INDEX_MIN + INDICES;
    if (!isHalf && !isIndex) {
      if (step === 0) losePlace(bracket);
      else slack += step - 1;
      return undefined;
    }
    guideRun = 0;
    slack = 0;
    if (isIndex) takeIndex(length - INDEX_MIN, steps);
    else takeHalf(length - DATA_MIN, steps);
    return complete(us);
  }

  return { push, score: () => Math.min(score, 8 * LOCK_SCORE) };
}
