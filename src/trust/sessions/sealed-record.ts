/**
 * Sealed records: COSE_Encrypt0 [h'', unprotected, ciphertext] without its tag, ChaCha20-Poly1305 with a counter as
 * nonce and a key for each direction. A reply is sealed under its request's counter, so it answers that request alone.
 * @source RFC 9052 section 5; PROTOCOL 5.8 to 5.11
 */
import { viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { Primitives } from "#trust/primitives.ts";
import { RECORD_KEY_LABEL } from "#wire/sessions/session.ts";
import { exportKey, type Secret } from "./edhoc.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Header parameters of RFC 9052 section 3.1. */
const KID = 4;
const PARTIAL_IV = 6;
/** A session ends before its counter would need more than the four bytes it has on the wire. */
export const COUNTER_MAX = 0xfffffffe;

const NOTHING = new Uint8Array(0);
/** Enc_structure ["Encrypt0", h'', h''] (RFC 9052 section 5.3). */
const AAD = encodeCbor(["Encrypt0", NOTHING, NOTHING]);
const LIMITS = { bytesMax: 2048, depthMax: 3 };

export interface RecordKeys {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

/** The two keys of a session. */
export function recordKeys(primitives: Primitives, secret: Secret): RecordKeys {
  const material = exportKey(primitives, secret, RECORD_KEY_LABEL, NOTHING, 2 * KEY_BYTES);
  return { request: material.slice(0, KEY_BYTES), reply: material.slice(KEY_BYTES) };
}

function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  viewOf(nonce).setUint32(NONCE_BYTES - 4, counter);
  return nonce;
}

/** The counter as Partial IV: big-endian without leading zeros, as COSE compares them. */
function encodeCounter(counter: number): Uint8Array {
  const nonce = nonceOf(counter);
  let start = NONCE_BYTES - 4;
  while (start < NONCE_BYTES - 1 && nonce[start] === 0) start++;
  return nonce.subarray(start);
}

function counterOf(item: Cbor): number | undefined {
  if (!(item instanceof Uint8Array) || item.length === 0 || item.length > 4 || item[0] === 0) return undefined;
  let counter = 0;
  for (const byte of item) counter = counter * 256 + byte;
  return counter;
}

/** A record's parts before it is opened. */
interface SealedRecord {
  readonly sessionId: Uint8Array | undefined;
  readonly counter: number;
  readonly ciphertext: Uint8Array;
}

/** Takes a record apart; SESSION_RECORD when it isn't in its one correct form. */
function readRecord(bytes: Uint8Array, parameters: number): Result<SealedRecord> {
  const item = decodeCbor(bytes, LIMITS);
  if (!item.ok || !Array.isArray(item.value) || item.value.length !== 3) return refuse("SESSION_RECORD");
  const [header, unprotected, ciphertext] = item.value as readonly Cbor[];
  if (!(header instanceof Uint8Array) || header.length > 0 || !(unprotected instanceof Map)) {
    return refuse("SESSION_RECORD");
  }
  const map = unprotected as CborMap;
  const counter = counterOf(map.get(PARTIAL_IV));
  const sessionId = map.get(KID);
  if (counter === undefined || counter > COUNTER_MAX || map.size !== parameters) return refuse("SESSION_RECORD");
  if (parameters === 2 && !(sessionId instanceof Uint8Array)) return refuse("SESSION_RECORD");
  if (!(ciphertext instanceof Uint8Array) || ciphertext.length < TAG_BYTES) return refuse("SESSION_RECORD");
  return ok({ sessionId: sessionId as Uint8Array | undefined, counter, ciphertext });
}

function encodeRecord(unprotected: CborMap, ciphertext: Uint8Array): Uint8Array {
  return encodeCbor([NOTHING, unprotected, ciphertext]);
}

/**
 * Seals a request.
 * @param sessionId C_R, by which the unit finds the keys.
 * @param counter   1 for the first request, one more for each next. Never seal two requests under one counter.
 */
export function sealRequest(
  primitives: Primitives,
  keys: RecordKeys,
  sessionId: Uint8Array,
  counter: number,
  plaintext: Uint8Array,
): Uint8Array {
  const ciphertext = primitives.chacha20Poly1305Seal(keys.request, nonceOf(counter), AAD, plaintext);
  return encodeRecord(
    new Map([
      [KID, sessionId],
      [PARTIAL_IV, encodeCounter(counter)],
    ]),
    ciphertext,
  );
}

/** Takes a request apart without opening it; SESSION_RECORD when it isn't in its one correct form. */
export function readRequestRecord(bytes: Uint8Array): Result<SealedRecord & { readonly sessionId: Uint8Array }> {
  return readRecord(bytes, 2) as Result<SealedRecord & { readonly sessionId: Uint8Array }>;
}

/** Opens a request; SESSION_SEAL when its tag doesn't hold under this session's key. */
export function openRequest(primitives: Primitives, keys: RecordKeys, record: SealedRecord): Result<Uint8Array> {
  return open(primitives, keys.request, record);
}

/** Seals the one reply to the request of this counter. Never seal two replies under one counter. */
export function sealReply(
  primitives: Primitives,
  keys: RecordKeys,
  counter: number,
  plaintext: Uint8Array,
): Uint8Array {
  const ciphertext = primitives.chacha20Poly1305Seal(keys.reply, nonceOf(counter), AAD, plaintext);
  return encodeRecord(new Map([[PARTIAL_IV, encodeCounter(counter)]]), ciphertext);
}

/**
 * Opens the reply to the request of this counter.
 * @returns SESSION_RECORD for another form, SESSION_ORDER for the reply to another request, SESSION_SEAL when its tag
 *          doesn't hold.
 */
export function openReply(
  primitives: Primitives,
  keys: RecordKeys,
  counter: number,
  bytes: Uint8Array,
): Result<Uint8Array> {
  const record = readRecord(bytes, 1);
  if (!record.ok) return record;
  if (record.value.counter !== counter) return refuse("SESSION_ORDER");
  return open(primitives, keys.reply, record.value);
}

function open(primitives: Primitives, key: Uint8Array, { counter, ciphertext }: SealedRecord): Result<Uint8Array> {
  const plaintext = primitives.chacha20Poly1305Open(key, nonceOf(counter), AAD, ciphertext);
  return plaintext === undefined ? refuse("SESSION_SEAL") : ok(plaintext);
}
