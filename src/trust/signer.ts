/** The interface of a signing key, so that seeds can stay where the maker keeps them. */
import type { Primitives } from "./primitives.ts";

/** A key that signs without showing itself: a seed in memory, a file's, a hardware token's. */
export interface Signer {
  readonly publicKey: Uint8Array;
  /** Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export function seedSigner(primitives: Primitives, seed: Uint8Array): Signer {
  return {
    publicKey: primitives.ed25519PublicKey(seed),
    sign: (message) => primitives.ed25519Sign(message, seed),
  };
}
