/** AES-CCM-16-64-128, SHA-256, X25519, EdDSA: EDHOC's suite 0, so that the traces of RFC 9529 can be walked. */

import type { Suite } from "#trust/sessions/edhoc-suite.ts";
import { ccmOpen, ccmSeal } from "./aes-ccm.ts";

const TAG_BYTES = 8;

export const SUITE_0: Suite = {
  id: 0,
  keyBytes: 16,
  nonceBytes: 13,
  seal: (primitives, key, nonce, aad, plaintext) => ccmSeal(primitives, key, nonce, aad, plaintext, TAG_BYTES),
  open: (primitives, key, nonce, aad, ciphertext) => ccmOpen(primitives, key, nonce, aad, ciphertext, TAG_BYTES),
};
