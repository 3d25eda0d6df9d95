/** Signs for the maker's roles. The caller supplies the seeds. */

import type { Primitives } from "#trust/primitives.ts";
import { encodeKeyset, encodeSignedKeyset, type Keyset, keysetToBeSigned } from "#wire/releases/keyset.ts";
import { encodeRelease, type Release } from "#wire/releases/release.ts";
import { encodeRoleEnvelope, keyNameOf, type Purpose, roleToBeSigned } from "#wire/releases/role-envelope.ts";
import { encodeTimestamp, type Timestamp } from "#wire/releases/timestamp.ts";

type Signer = Pick<Primitives, "ed25519Sign" | "ed25519PublicKey" | "sha256">;

/** @param seed Ed25519 seed of a release key, 32 bytes. */
export function signRelease(crypto: Signer, seed: Uint8Array, release: Release): Uint8Array {
  return signForRole(crypto, seed, "release", encodeRelease(release));
}

/** @param seed Ed25519 seed of a timestamp key, 32 bytes. */
export function signTimestamp(crypto: Signer, seed: Uint8Array, timestamp: Timestamp): Uint8Array {
  return signForRole(crypto, seed, "timestamp", encodeTimestamp(timestamp));
}

/** @param seeds Seeds of two or more roots; with new roots in the set, of two of those as well. */
export function signKeyset(crypto: Signer, seeds: readonly Uint8Array[], keyset: Keyset): Uint8Array {
  const payload = encodeKeyset(keyset);
  const signatures = seeds.map((seed) => {
    const keyName = keyNameOf(crypto.sha256, crypto.ed25519PublicKey(seed));
    return { keyName, signature: crypto.ed25519Sign(keysetToBeSigned(keyName, payload), seed) };
  });
  return encodeSignedKeyset(payload, signatures);
}

function signForRole(crypto: Signer, seed: Uint8Array, purpose: Purpose, payload: Uint8Array): Uint8Array {
  const keyName = keyNameOf(crypto.sha256, crypto.ed25519PublicKey(seed));
  const signature = crypto.ed25519Sign(roleToBeSigned(purpose, keyName, payload), seed);
  return encodeRoleEnvelope(keyName, payload, signature);
}
