/** AES-CCM (RFC 3610) above one AES-128 block, for nonces of 13 bytes: L = 2, messages below 64 KB. */
import { concat, equal } from "#base/bytes.ts";
import type { Primitives } from "#trust/primitives.ts";

const BLOCK_BYTES = 16;

function xorInto(target: Uint8Array, source: Uint8Array): void {
  for (let i = 0; i < source.length; i++) target[i] = (target[i] as number) ^ (source[i] as number);
}

/** CBC-MAC over B_0, the length-prefixed associated data and the message (RFC 3610 section 2.2). */
function mac(
  primitives: Primitives,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  message: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const first = new Uint8Array(BLOCK_BYTES);
  first[0] = (aad.length > 0 ? 0x40 : 0) | (((tagBytes - 2) / 2) << 3) | 1;
  first.set(nonce, 1);
  first[14] = message.length >> 8;
  first[15] = message.length & 255;
  let state = primitives.aes128EncryptBlock(key, first);
  const absorb = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      xorInto(state, bytes.subarray(at, at + BLOCK_BYTES));
      state = primitives.aes128EncryptBlock(key, state);
    }
  };
  if (aad.length > 0) {
    const prefixed = new Uint8Array(2 + aad.length);
    prefixed[0] = aad.length >> 8;
    prefixed[1] = aad.length & 255;
    prefixed.set(aad, 2);
    absorb(prefixed);
  }
  absorb(message);
  return state;
}

/** Counter mode over A_1, A_2, ...; with A_0 first for the tag (RFC 3610 section 2.3). */
function keyBlock(primitives: Primitives, key: Uint8Array, nonce: Uint8Array, counter: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block[0] = 1;
  block.set(nonce, 1);
  block[14] = counter >> 8;
  block[15] = counter & 255;
  return primitives.aes128EncryptBlock(key, block);
}

function crypt(primitives: Primitives, key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  const result = concat(text);
  for (let at = 0, counter = 1; at < text.length; at += BLOCK_BYTES, counter++) {
    const mask = keyBlock(primitives, key, nonce, counter);
    xorInto(result.subarray(at, at + BLOCK_BYTES), mask.subarray(0, Math.min(BLOCK_BYTES, text.length - at)));
  }
  return result;
}

function tag(
  primitives: Primitives,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const sum = mac(primitives, key, nonce, aad, plaintext, tagBytes).slice();
  xorInto(sum, keyBlock(primitives, key, nonce, 0));
  return sum.subarray(0, tagBytes);
}

/** Ciphertext with the tag of `tagBytes` appended. Key 16 bytes, nonce 13 bytes. */
export function ccmSeal(
  primitives: Primitives,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + tagBytes);
  sealed.set(crypt(primitives, key, nonce, plaintext));
  sealed.set(tag(primitives, key, nonce, aad, plaintext, tagBytes), plaintext.length);
  return sealed;
}

/** The plaintext, or undefined when the tag doesn't hold. */
export function ccmOpen(
  primitives: Primitives,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  tagBytes: number,
): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const at = sealed.length - tagBytes;
  const plaintext = crypt(primitives, key, nonce, sealed.subarray(0, at));
  const expected = tag(primitives, key, nonce, aad, plaintext, tagBytes);
  return equal(expected, sealed.subarray(at)) ? plaintext : undefined;
}
