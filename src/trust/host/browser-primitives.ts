/**
 * Implements the primitives in JavaScript, for browsers and phones without node:crypto: tweetnacl's curves below the
 * strict rule, and noble's hashes and ciphers. Randomness is the platform's own (crypto.getRandomValues).
 */
import { ecb } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Primitives } from "#trust/primitives.ts";
import { tweetnaclPrimitives } from "./tweetnacl-primitives.ts";

const ONE_BLOCK = { disablePadding: true } as const;

export const browserPrimitives: Primitives = tweetnaclPrimitives({
  sha256(...parts) {
    const hash = sha256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  chacha20Poly1305Seal: (key, nonce, aad, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
  chacha20Poly1305Open(key, nonce, aad, ciphertext) {
    try {
      return chacha20poly1305(key, nonce, aad).decrypt(ciphertext);
    } catch {
      // Too short for a tag, or the tag doesn't hold.
      return undefined;
    }
  },
  aes128EncryptBlock: (key, block) => ecb(key, ONE_BLOCK).encrypt(block),
  aes128DecryptBlock: (key, block) => ecb(key, ONE_BLOCK).decrypt(block),
});
