/** EDHOC's key schedule over SHA-256 (RFC 9528 section 4): HKDF with the info structure of EDHOC. */
import { concat } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { Primitives } from "./primitives.ts";

const BLOCK_BYTES = 64;
export const HASH_BYTES = 32;

/** A 32-byte HMAC key made ready: both padded keys, each with room for the message behind it left to concat. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** Prepares a 32-byte key once for several MACs. Words, not bytes: on a small engine each step of a loop costs. */
export function hmacKey(key: Uint8Array): HmacKey {
  const inner = new Uint8Array(BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES);
  inner.set(key);
  outer.set(key);
  const innerWords = new Uint32Array(inner.buffer);
  const outerWords = new Uint32Array(outer.buffer);
  for (let i = 0; i < 16; i++) {
    innerWords[i] = (innerWords[i] as number) ^ 0x36363636;
    outerWords[i] = (outerWords[i] as number) ^ 0x5c5c5c5c;
  }
  return { inner, outer };
}

/** HMAC-SHA-256 (RFC 2104). */
export function hmac(primitives: Primitives, key: HmacKey, message: Uint8Array): Uint8Array {
  return primitives.sha256(concat(key.outer, primitives.sha256(concat(key.inner, message))));
}

/** EDHOC_Extract: HKDF-Extract with a 32-byte salt. */
export function extract(primitives: Primitives, salt: Uint8Array, secret: Uint8Array): HmacKey {
  return hmacKey(hmac(primitives, hmacKey(salt), secret));
}

/**
 * EDHOC_KDF: HKDF-Expand with info = (label, context, byteLength), at most 255 blocks of 32 bytes.
 * @source RFC 9528 section 4.1.2
 */
export function edhocKdf(
  primitives: Primitives,
  key: HmacKey,
  label: number,
  context: Uint8Array,
  byteLength: number,
): Uint8Array {
  const info = concat(encodeCbor(label), encodeCbor(context), encodeCbor(byteLength));
  let block = hmac(primitives, key, concat(info, Uint8Array.of(1)));
  if (byteLength <= HASH_BYTES) return block.subarray(0, byteLength);
  const material = new Uint8Array(Math.ceil(byteLength / HASH_BYTES) * HASH_BYTES);
  material.set(block);
  for (let counter = 2, at = HASH_BYTES; at < byteLength; counter++, at += HASH_BYTES) {
    block = hmac(primitives, key, concat(block, info, Uint8Array.of(counter)));
    material.set(block, at);
  }
  return material.subarray(0, byteLength);
}
