/** EDHOC's key schedule over SHA-256 (RFC 9528 section 4): HKDF with the info structure of EDHOC. */
import { assert } from "#base/assert.ts";
import { concat } from "#base/bytes.ts";
import { byteStringHead } from "#codec/byte-string.ts";
import type { Primitives } from "#trust/primitives.ts";

const BLOCK_BYTES = 64;
export const HASH_BYTES = 32;

/** A 32-byte HMAC key made ready: both padded keys, each with room for the message behind it left to concat. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** Prepares a 32-byte key once for several MACs. Words, not bytes: on a small engine each step of a loop costs. */
export function hmacKey(key: Uint8Array): HmacKey {
  const keyWords = new Uint32Array(concat(key).buffer);
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c);
  const innerWords = new Uint32Array(inner.buffer);
  const outerWords = new Uint32Array(outer.buffer);
  for (let i = 0; i < keyWords.length; i++) {
    innerWords[i] = 0x36363636 ^ (keyWords[i] as number);
    outerWords[i] = 0x5c5c5c5c ^ (keyWords[i] as number);
  }
  return { inner, outer };
}

/** HMAC-SHA-256 (RFC 2104). */
export function hmac(primitives: Primitives, key: HmacKey, message: Uint8Array): Uint8Array {
  return primitives.sha256(key.outer, primitives.sha256(key.inner, message));
}

/** EDHOC_Extract: HKDF-Extract with a 32-byte salt. */
export function extract(primitives: Primitives, salt: Uint8Array, secret: Uint8Array): HmacKey {
  return hmacKey(hmac(primitives, hmacKey(salt), secret));
}

/**
 * EDHOC_KDF: HKDF-Expand with info = (label, context, byteLength), at most 255 bytes.
 *
 * Everything stands in one buffer: 32 bytes of room, the padded key, info, counter. From the second block on the key moves to the front and
 * the block before takes its place, so that info is written once.
 * @param label   Below 24, or a private-use label of two bytes.
 * @param context Below 65,536 bytes.
 * @source RFC 9528 section 4.1.2; RFC 5869 section 2.3
 */
export function edhocKdf(
  primitives: Primitives,
  key: HmacKey,
  label: number,
  context: Uint8Array,
  byteLength: number,
): Uint8Array {
  assert(byteLength < 256, "EDHOC derives less than 256 bytes at a time");
  const head = byteStringHead(context.length);
  const infoAt = HASH_BYTES + BLOCK_BYTES;
  const contextAt = infoAt + (label < 24 ? 1 : 3) + head.length;
  const lengthAt = contextAt + context.length;
  const counterAt = lengthAt + (byteLength < 24 ? 1 : 2);
  const message = new Uint8Array(counterAt + 1);
  message.set(key.inner, HASH_BYTES);
  if (label < 24) message[infoAt] = label;
  else {
    message[infoAt] = 0x19;
    message[infoAt + 1] = label >> 8;
    message[infoAt + 2] = label & 255;
  }
  message.set(head, contextAt - head.length);
  message.set(context, contextAt);
  if (byteLength >= 24) message[lengthAt] = 0x18;
  message[counterAt - 1] = byteLength;
  message[counterAt] = 1;
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
  outer.set(key.outer);
  outer.set(primitives.sha256(message.subarray(HASH_BYTES)), BLOCK_BYTES);
  let block = primitives.sha256(outer);
  if (byteLength <= HASH_BYTES) return block.subarray(0, byteLength);

  const material = new Uint8Array(Math.ceil(byteLength / HASH_BYTES) * HASH_BYTES);
  material.set(block);
  message.set(key.inner);
  for (let at = HASH_BYTES; at < byteLength; at += HASH_BYTES) {
    message.set(block, BLOCK_BYTES);
    message[counterAt] = at / HASH_BYTES + 1;
    outer.set(primitives.sha256(message), BLOCK_BYTES);
    block = primitives.sha256(outer);
    material.set(block, at);
  }
  return material.subarray(0, byteLength);
}
