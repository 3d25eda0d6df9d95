/**
 * Air, Latchkey's own broadcast: a sealed message as a ring of packet lengths, of which any sufficient set will do.
 *
 * The ring has 255 places. Every 17th is an anchor, whose length tells its place and how long the message is; the 240
 * others carry one Reed-Solomon symbol each and their place modulo 3. The receiver finds the places between anchors by
 * the transmitter's sequence numbers, and the places modulo 3 tell it of one or two lost frames of other senders there.
 * @source PROTOCOL 6.8
 */
import { assert } from "#base/assert.ts";
import { concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { rsSymbol } from "#codec/reed-solomon.ts";

export const AIR_PORT = 4755;

export const RING_FRAMES = 255;
/** An anchor and 16 symbols. */
export const ANCHOR_EVERY = 17;
export const ANCHORS = RING_FRAMES / ANCHOR_EVERY;
export const SYMBOLS = RING_FRAMES - ANCHORS;
const LENGTH_MIN = 64;
const ANCHOR_MIN = LENGTH_MIN + 3 * 256;

/** Counter and random bytes in clear before the ciphertext, tag after it. */
export const COUNTER_BYTES = 5;
export const SALT_BYTES = 8;
export const SEAL_BYTES = COUNTER_BYTES + SALT_BYTES + 16;
/** Messages come in 16 sizes, 8 bytes apart, so that a length of a passphrase does not show exactly. */
const BODY_MIN_BYTES = 16;
const BODY_STEP_BYTES = 8;
const SIZES = 16;
const EXTRA_MAX_BYTES = 32;

/** What a card-holder's phone tells a unit. */
export interface AirBody {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** Up to 32 bytes of the application's own. */
  readonly extra: Uint8Array;
  /** Unix seconds: a hint, never to be trusted or persisted. */
  readonly timeHintS: number;
}

/** One sealed message before its tag was checked: counter, salt, ciphertext with tag. */
export interface SealedAir {
  readonly counter: number;
  readonly salt: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** Body bytes, padded to one of the sizes. @returns AIR_FIELD for a field too long or an SSID of 0 bytes. */
export function encodeAirBody({ ssid, passphrase, extra, timeHintS }: AirBody): Result<Uint8Array> {
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64 || extra.length > EXTRA_MAX_BYTES) {
    return refuse("AIR_FIELD");
  }
  const counted = (bytes: Uint8Array) => concat(Uint8Array.of(bytes.length), bytes);
  const plain = concat(fortyBits(timeHintS), counted(ssid), counted(passphrase), counted(extra));
  const steps = Math.max(0, Math.ceil((plain.length - BODY_MIN_BYTES) / BODY_STEP_BYTES));
  const padded = new Uint8Array(BODY_MIN_BYTES + BODY_STEP_BYTES * steps);
  padded.set(plain);
  return ok(padded);
}

/** @returns The body, or AIR_FIELD when its lengths don't fit or the padding is not zero. */
export function decodeAirBody(bytes: Uint8Array): Result<AirBody> {
  let at = COUNTER_BYTES;
  const take = (bytesMax: number): Uint8Array | undefined => {
    const byteLength = bytes[at];
    if (byteLength === undefined || byteLength > bytesMax || at + 1 + byteLength > bytes.length) return undefined;
    at += 1 + byteLength;
    return bytes.slice(at - byteLength, at);
  };
  const ssid = take(32);
  const passphrase = take(64);
  const extra = take(EXTRA_MAX_BYTES);
  if (ssid === undefined || passphrase === undefined || extra === undefined || ssid.length === 0) {
    return refuse("AIR_FIELD");
  }
  if (bytes.subarray(at).some((byte) => byte !== 0)) return refuse("AIR_FIELD");
  return ok({ ssid, passphrase, extra, timeHintS: fortyBitsOf(bytes) });
}

export function encodeSealedAir({ counter, salt, ciphertext }: SealedAir): Uint8Array {
  return concat(fortyBits(counter), salt, ciphertext);
}

export function decodeSealedAir(message: Uint8Array): SealedAir {
  return {
    counter: fortyBitsOf(message),
    salt: message.slice(COUNTER_BYTES, COUNTER_BYTES + SALT_BYTES),
    ciphertext: message.slice(COUNTER_BYTES + SALT_BYTES),
  };
}

/** A number below 2^40, little-endian. */
export function fortyBits(value: number): Uint8Array {
  const bytes = new Uint8Array(COUNTER_BYTES);
  viewOf(bytes).setUint32(0, value >>> 0, true);
  bytes[4] = Math.floor(value / 0x1_0000_0000);
  return bytes;
}

function fortyBitsOf(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0, true) + (bytes[4] as number) * 0x1_0000_0000;
}

/** Bytes of a whole message of one size (0 to 15). */
export function messageBytes(size: number): number {
  return SEAL_BYTES + BODY_MIN_BYTES + BODY_STEP_BYTES * size;
}

/** The 255 lengths of a sealed message's ring; a sender goes round it as long as it has to. */
export function encodeAirRing(message: Uint8Array): readonly number[] {
  const size = (message.length - messageBytes(0)) / BODY_STEP_BYTES;
  assert(Number.isInteger(size) && size >= 0 && size < SIZES, "an Air message has one of the sizes");
  return Array.from({ length: RING_FRAMES }, (_, place) => {
    if (place % ANCHOR_EVERY === 0) return ANCHOR_MIN + size * ANCHORS + place / ANCHOR_EVERY;
    return LENGTH_MIN + 256 * (place % 3) + rsSymbol(message, symbolAt(place));
  });
}

/** Which symbol stands at a place that is no anchor. */
export function symbolAt(place: number): number {
  return place - 1 - Math.floor(place / ANCHOR_EVERY);
}

/** What one length says. */
export type AirLength =
  | { readonly kind: "anchor"; readonly place: number; readonly size: number }
  | { readonly kind: "symbol"; readonly third: number; readonly symbol: number };

export function readAirLength(length: number): AirLength | undefined {
  if (length < LENGTH_MIN || length >= ANCHOR_MIN + SIZES * ANCHORS) return undefined;
  if (length < ANCHOR_MIN) {
    const value = length - LENGTH_MIN;
    return { kind: "symbol", third: value >> 8, symbol: value & 255 };
  }
  const value = length - ANCHOR_MIN;
  return { kind: "anchor", place: (value % ANCHORS) * ANCHOR_EVERY, size: Math.floor(value / ANCHORS) };
}
