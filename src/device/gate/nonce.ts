/**
 * Stateless nonces of a unit, for others to sign over. A nonce contains the time when it was given, under a code that
 * only this unit can make and only until it starts again. So the unit keeps no list of nonces, nobody can fill one,
 * and the age of a statement is always what the unit's own clock measured.
 * @source PROTOCOL 4.10
 */
import { concat, equal, viewOf } from "#base/bytes.ts";
import type { Primitives } from "#trust/primitives.ts";
import { NONCE_BYTES } from "#wire/grants/signed-time.ts";

/** Milliseconds since the start in six bytes, two random bytes that tell nonces of one moment apart. */
const HEAD_BYTES = 8;
const RANDOM_AT = 6;

export interface NonceKey {
  /** 32 random bytes, drawn at the start and never stored. */
  readonly nonceKey: Uint8Array;
}

function codeOf(primitives: Primitives, { nonceKey }: NonceKey, head: Uint8Array): Uint8Array {
  return primitives.sha256(nonceKey, head).subarray(0, NONCE_BYTES - HEAD_BYTES);
}

export function issueNonce(primitives: Primitives, key: NonceKey, nowMs: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = viewOf(head);
  view.setUint32(0, nowMs % 2 ** 32, true);
  view.setUint16(4, Math.floor(nowMs / 2 ** 32), true);
  head.set(primitives.random(HEAD_BYTES - RANDOM_AT), RANDOM_AT);
  return concat(head, codeOf(primitives, key, head));
}

/** When this unit gave a nonce, board milliseconds; undefined for one that it did not give since it started. */
export function nonceIssuedMs(primitives: Primitives, key: NonceKey, nonce: Uint8Array): number | undefined {
  const head = nonce.subarray(0, HEAD_BYTES);
  if (nonce.length !== NONCE_BYTES || !equal(codeOf(primitives, key, head), nonce.subarray(HEAD_BYTES)))
    return undefined;
  const view = viewOf(head);
  return view.getUint16(4, true) * 2 ** 32 + view.getUint32(0, true);
}
