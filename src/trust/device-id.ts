/** Computes device IDs from public keys, and checks them (PROTOCOL 3.1). */
import { equal } from "#base/bytes.ts";
import { DEVICE_ID_BYTES } from "#wire/grants/card.ts";
import type { Primitives } from "./primitives.ts";

/** Device ID: the first 12 bytes of SHA-512 of the unit's Ed25519 public key (PROTOCOL 3.1). */
export function deviceIdOf(primitives: Pick<Primitives, "sha512">, publicKey: Uint8Array): Uint8Array {
  return primitives.sha512(publicKey).slice(0, DEVICE_ID_BYTES);
}

/** Tells whether a key is the one that an ID names. Whoever is given a unit's key asks this first. */
export function isKeyOf(primitives: Pick<Primitives, "sha512">, id: Uint8Array, publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && equal(deviceIdOf(primitives, publicKey), id);
}
