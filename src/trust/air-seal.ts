/**
 * Seals what Air carries under the card's air key, and opens it: deterministic authenticated encryption (SIV).
 * The tag is a MAC of counter and body, and seeds the stream that the body is encrypted with. So no random bytes need
 * to cross the air, and a phone that forgot its counter shows at most that it sent the same message again.
 * @source Rogaway and Shrimpton, "A Provable-Security Treatment of the Key-Wrap Problem" (2006); PROTOCOL 6.8.4
 */
import { concat, equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import {
  type AirBody,
  decodeAirBody,
  decodeSealedAir,
  encodeAirBody,
  encodeSealedAir,
  fortyBits,
  SEAL_BYTES,
  TAG_BYTES,
} from "#wire/air/air-message.ts";
import { hkdf, hmac, sha512Hash } from "./hkdf.ts";
import type { Primitives } from "./primitives.ts";

const TAG_LABEL = utf8("latchkey air 2 tag");
const STREAM_LABEL = utf8("latchkey air 2 stream");
const MAC_KEY_BYTES = 32;

function tagOf(body: Uint8Array, airKey: Uint8Array, counter: number, primitives: Primitives): Uint8Array {
  const hash = sha512Hash(primitives);
  const key = hkdf(hash, new Uint8Array(0), airKey, TAG_LABEL, MAC_KEY_BYTES);
  return hmac(hash, key, concat(fortyBits(counter), body)).slice(0, TAG_BYTES);
}

/** Encrypts or decrypts. */
function applyStream(
  bytes: Uint8Array,
  airKey: Uint8Array,
  counter: number,
  tag: Uint8Array,
  primitives: Primitives,
): Uint8Array {
  const salt = concat(fortyBits(counter), tag);
  const stream = hkdf(sha512Hash(primitives), salt, airKey, STREAM_LABEL, bytes.length);
  return bytes.map((byte, i) => byte ^ (stream[i] as number));
}

/**
 * @param counter max(Unix seconds, last counter used for this unit + 1), below 2^40.
 * @returns The message to spread over the air, or AIR_FIELD.
 */
export function sealAir(
  body: AirBody,
  airKey: Uint8Array,
  counter: number,
  primitives: Primitives,
): Result<Uint8Array> {
  const plaintext = encodeAirBody(body, counter);
  if (!plaintext.ok) return plaintext;
  const tag = tagOf(plaintext.value, airKey, counter, primitives);
  const ciphertext = applyStream(plaintext.value, airKey, counter, tag, primitives);
  return ok(encodeSealedAir({ counter, tag, ciphertext }));
}

interface OpenedAir extends AirBody {
  readonly counter: number;
  readonly tag: Uint8Array;
}

/**
 * Whether the counter is above the last one is the caller's to check.
 * @returns What the card-holder said, AIR_SEAL when the tag doesn't hold, or AIR_FIELD.
 */
export function openAir(message: Uint8Array, airKey: Uint8Array, primitives: Primitives): Result<OpenedAir> {
  if (message.length <= SEAL_BYTES) return refuse("AIR_SEAL");
  const { counter, tag, ciphertext } = decodeSealedAir(message);
  const plaintext = applyStream(ciphertext, airKey, counter, tag, primitives);
  if (!equal(tagOf(plaintext, airKey, counter, primitives), tag)) return refuse("AIR_SEAL");
  const body = decodeAirBody(plaintext, counter);
  return body.ok ? ok({ ...body.value, counter, tag }) : body;
}
