/** Derives two keys from a card's secret, each for one purpose. The factory derives both and discards the secret. */
import { utf8 } from "#base/utf8.ts";
import { hkdf, sha512Hash } from "#trust/hkdf.ts";
import type { Primitives } from "#trust/primitives.ts";

/** Ed25519 seed (32 bytes) of whoever holds the card. Never leaves the phone. @source PROTOCOL 3.5 */
export function holderSeed(primitives: Primitives, secret: Uint8Array, id: Uint8Array): Uint8Array {
  return hkdf(sha512Hash(primitives), id, secret, utf8("holder"), 32);
}

/** Key (32 bytes) under which Wi-Fi credentials are sealed over the air. Phone and unit both hold it. @source PROTOCOL 3.5 */
export function airKey(primitives: Primitives, secret: Uint8Array, id: Uint8Array): Uint8Array {
  return hkdf(sha512Hash(primitives), id, secret, utf8("air"), 32);
}
