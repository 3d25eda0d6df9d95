/** The interface of an EDHOC cipher suite (RFC 9528 section 3.6). Both of ours use SHA-256, X25519 and Ed25519. */
import type { Primitives } from "#trust/primitives.ts";

export interface Suite {
  readonly id: number;
  readonly keyBytes: number;
  readonly nonceBytes: number;
  seal(primitives: Primitives, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or undefined when the tag doesn't hold. */
  open(
    primitives: Primitives,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
}

/** ChaCha20/Poly1305, SHA-256, X25519, EdDSA: the suite that units speak. */
export const SUITE_4: Suite = {
  id: 4,
  keyBytes: 32,
  nonceBytes: 12,
  seal: (primitives, key, nonce, aad, plaintext) => primitives.chacha20Poly1305Seal(key, nonce, aad, plaintext),
  open: (primitives, key, nonce, aad, ciphertext) =>
    ciphertext.length < 16 ? undefined : primitives.chacha20Poly1305Open(key, nonce, aad, ciphertext),
};
