/**
 * Encodes and decodes Air messages: the body that is sealed, the sealed message, and the symbols that it goes out as.
 */
import { concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { SYMBOL_BITS } from "#codec/reed-solomon.ts";

/** Counter in clear and tag stand before the ciphertext. */
const COUNTER_BYTES = 5;
export const TAG_BYTES = 16;
export const SEAL_BYTES = COUNTER_BYTES + TAG_BYTES;
/** Bodies come in twelve sizes, so that the length of a passphrase does not show exactly. Class n is the n-th, from 1 on. */
const BODY_BYTES: readonly number[] = [17, 25, 33, 41, 49, 57, 66, 75, 84, 102, 120, 138];
const EXTRA_MAX_BYTES = 32;
/** In the byte of the SSID's length: the hint of the time is not the counter, and stands at the end. */
const HINT_FOLLOWS = 0x80;

/** What a card-holder's phone tells a unit. */
export interface AirBody {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** Up to 32 bytes of the application's own. */
  readonly extra: Uint8Array;
  /** Unix seconds: a hint, never to be trusted or persisted. */
  readonly timeHintS: number;
}

/** One sealed message before its tag was checked. */
export interface SealedAir {
  readonly counter: number;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Body bytes, padded to one of the sizes. The counter is the phone's time unless its clock went back: then the hint
 * goes along.
 * @returns AIR_FIELD for a field too long or an SSID of 0 bytes.
 */
export function encodeAirBody({ ssid, passphrase, extra, timeHintS }: AirBody, counter: number): Result<Uint8Array> {
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64 || extra.length > EXTRA_MAX_BYTES) {
    return refuse("AIR_FIELD");
  }
  const isHinted = timeHintS !== counter;
  const plain = concat(
    Uint8Array.of(ssid.length | (isHinted ? HINT_FOLLOWS : 0)),
    ssid,
    Uint8Array.of(passphrase.length),
    passphrase,
    Uint8Array.of(extra.length),
    extra,
    isHinted ? fortyBits(timeHintS) : new Uint8Array(0),
  );
  const padded = new Uint8Array(BODY_BYTES.find((bytes) => bytes >= plain.length) as number);
  padded.set(plain);
  return ok(padded);
}

/** @returns The body, or AIR_FIELD when its lengths don't fit or the padding is not zero. */
export function decodeAirBody(bytes: Uint8Array, counter: number): Result<AirBody> {
  let at = 0;
  const take = (bytesMax: number, mask = 0xff): Uint8Array | undefined => {
    const head = bytes[at];
    if (head === undefined || (head & mask) > bytesMax || at + 1 + (head & mask) > bytes.length) return undefined;
    at += 1 + (head & mask);
    return bytes.slice(at - (head & mask), at);
  };
  const isHinted = ((bytes[0] ?? 0) & HINT_FOLLOWS) !== 0;
  const ssid = take(32, 0xff ^ HINT_FOLLOWS);
  const passphrase = take(64);
  const extra = take(EXTRA_MAX_BYTES);
  const restAt = at + (isHinted ? COUNTER_BYTES : 0);
  if (ssid === undefined || passphrase === undefined || extra === undefined || restAt > bytes.length) {
    return refuse("AIR_FIELD");
  }
  if (ssid.length === 0 || bytes.subarray(restAt).some((byte) => byte !== 0)) return refuse("AIR_FIELD");
  return ok({ ssid, passphrase, extra, timeHintS: isHinted ? fortyBitsOf(bytes.subarray(at)) : counter });
}

export function encodeSealedAir({ counter, tag, ciphertext }: SealedAir): Uint8Array {
  return concat(fortyBits(counter), tag, ciphertext);
}

export function decodeSealedAir(message: Uint8Array): SealedAir {
  return {
    counter: fortyBitsOf(message),
    tag: message.slice(COUNTER_BYTES, SEAL_BYTES),
    ciphertext: message.slice(SEAL_BYTES),
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

/** The size class of a whole message, 1 to 12; 0 for a length that none has. */
export function sizeClassOf(byteLength: number): number {
  return BODY_BYTES.indexOf(byteLength - SEAL_BYTES) + 1;
}

function messageBytes(sizeClass: number): number {
  return SEAL_BYTES + (BODY_BYTES[sizeClass - 1] as number);
}

/** Symbols of a message of one size class. */
export function symbolCount(sizeClass: number): number {
  return Math.ceil((8 * messageBytes(sizeClass)) / SYMBOL_BITS);
}

/** A message's bits, lowest first, nine to a symbol; zeros behind the last. */
export function messageSymbols(message: Uint8Array): Uint16Array {
  const symbols = new Uint16Array(Math.ceil((8 * message.length) / SYMBOL_BITS));
  for (let bit = 0; bit < 8 * message.length; bit++) {
    const value = ((message[bit >> 3] as number) >> (bit & 7)) & 1;
    const at = Math.floor(bit / SYMBOL_BITS);
    symbols[at] = (symbols[at] as number) | (value << (bit % SYMBOL_BITS));
  }
  return symbols;
}

/** The message of one size class that symbols belong to. */
export function symbolsMessage(symbols: Uint16Array, sizeClass: number): Uint8Array {
  const message = new Uint8Array(messageBytes(sizeClass));
  for (let bit = 0; bit < 8 * message.length; bit++) {
    const value = ((symbols[Math.floor(bit / SYMBOL_BITS)] as number) >> (bit % SYMBOL_BITS)) & 1;
    message[bit >> 3] = (message[bit >> 3] as number) | (value << (bit & 7));
  }
  return message;
}
