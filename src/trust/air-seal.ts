/** Seals what Air carries under the card's air key, and opens it. */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import {
  type AirBody,
  decodeAirBody,
  decodeSealedAir,
  encodeAirBody,
  encodeSealedAir,
  fortyBits,
  SALT_BYTES,
  SEAL_BYTES,
} from "#wire/air/air.ts";
import { hkdf, sha512Hash } from "./hkdf.ts";
import type { Primitives } from "./primitives.ts";

const LABEL = utf8("latchkey air 1");

/** A key of its own for every message, so that a nonce never meets a key twice even if a phone forgets its counter. */
function keysOf(airKey: Uint8Array, counter: number, salt: Uint8Array, primitives: Primitives) {
  const bound = concat(fortyBits(counter), salt);
  const output = hkdf(sha512Hash(primitives), bound, airKey, LABEL, 44);
  return { key: output.subarray(0, 32), nonce: output.subarray(32), bound };
}

/**
 * @param counter max(Unix seconds, last counter used for this unit + 1), below 2^40.
 * @returns The message to spread over the air, or AIR_FIELD.
 * @source PROTOCOL 6.8.4
 */
export function sealAir(
  body: AirBody,
  airKey: Uint8Array,
  counter: number,
  primitives: Primitives,
): Result<Uint8Array> {
  const plaintext = encodeAirBody(body);
  if (!plaintext.ok) return plaintext;
  const salt = primitives.random(SALT_BYTES);
  const { key, nonce, bound } = keysOf(airKey, counter, salt, primitives);
  const ciphertext = primitives.chacha20Poly1305Seal(key, nonce, bound, plaintext.value);
  return ok(encodeSealedAir({ counter, salt, ciphertext }));
}

export interface OpenedAir extends AirBody {
  readonly counter: number;
  readonly salt: Uint8Array;
}

/**
 * Whether the counter is above the last one is the caller's to check.
 * @returns What the card-holder said, AIR_SEAL when the tag doesn't hold, or AIR_FIELD.
 * @source PROTOCOL 6.8.4
 */
export function openAir(message: Uint8Array, airKey: Uint8Array, primitives: Primitives): Result<OpenedAir> {
  if (message.length <= SEAL_BYTES) return refuse("AIR_SEAL");
  const { counter, salt, ciphertext } = decodeSealedAir(message);
  const { key, nonce, bound } = keysOf(airKey, counter, salt, primitives);
  const plaintext = primitives.chacha20Poly1305Open(key, nonce, bound, ciphertext);
  if (plaintext === undefined) return refuse("AIR_SEAL");
  const body = decodeAirBody(plaintext);
  return body.ok ? ok({ ...body.value, counter, salt }) : body;
}
