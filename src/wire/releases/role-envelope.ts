/**
 * The envelope of what a maker's roles sign: COSE_Sign1 over deterministic CBOR, algorithm Ed25519 (-19) and an 8-byte
 * key name in the protected header, nothing unprotected. What it is for goes into external_aad as a fixed text, so
 * that a signature for one purpose is none for another.
 * @source PROTOCOL 8.11; RFC 9052 section 4.2, RFC 9864 section 2.2
 */

import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";
import { utf8 } from "#base/utf8.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { ALGORITHM, COSE_TAG, encodeHeader, HEADER, readSign1, sign1ToBeSigned, untag } from "#codec/cose.ts";

export type Purpose = "release" | "timestamp";

export const KEY_NAME_BYTES = 8;

export interface RoleEnvelope {
  /** First 8 bytes of SHA-256 of the signer's public key. */
  readonly keyName: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What the signature is over. */
  readonly toBeSigned: Uint8Array;
}

export function keyNameOf(sha256: Sha256, publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, KEY_NAME_BYTES);
}

export function roleHeader(keyName: Uint8Array): Uint8Array {
  return encodeHeader(
    new Map<number, number | Uint8Array>([
      [HEADER.alg, ALGORITHM.ed25519],
      [HEADER.kid, keyName],
    ]),
  );
}

/** external_aad of a purpose: the text `latchkey-` and its name. */
export function aadOf(purpose: Purpose | "keyset"): Uint8Array {
  return utf8(`latchkey-${purpose}`);
}

/** What the key of this name has to sign. */
export function roleToBeSigned(purpose: Purpose, keyName: Uint8Array, payload: Uint8Array): Uint8Array {
  return sign1ToBeSigned(roleHeader(keyName), aadOf(purpose), payload);
}

export function encodeRoleEnvelope(keyName: Uint8Array, payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeCbor({ tag: COSE_TAG.sign1, value: [roleHeader(keyName), new Map(), payload, signature] });
}

/**
 * Takes an envelope apart; checks no signature.
 * @returns The parts, or what CBOR refuses, COSE_TAG (not exactly 18), COSE_SHAPE, COSE_UNPROTECTED, COSE_ALGORITHM (not
 *   -19), COSE_HEADER (a header besides algorithm and an 8-byte key name), COSE_SIGNATURE_BYTES (not 64).
 */
export function decodeRoleEnvelope(purpose: Purpose, bytes: Uint8Array, bytesMax: number): Result<RoleEnvelope> {
  const item = decodeCbor(bytes, { bytesMax, depthMax: 8 });
  if (!item.ok) return item;
  const { tags, inner } = untag(item.value);
  if (tags.length !== 1 || tags[0] !== COSE_TAG.sign1) return refuse("COSE_TAG");
  const sign1 = readSign1(inner);
  if (!sign1.ok) return sign1;
  const { protectedBytes, protectedHeader, unprotectedHeader, payload, signature } = sign1.value;
  if (unprotectedHeader.size !== 0) return refuse("COSE_UNPROTECTED");
  if (protectedHeader.get(HEADER.alg) !== ALGORITHM.ed25519) return refuse("COSE_ALGORITHM");
  const keyName = protectedHeader.get(HEADER.kid);
  if (protectedHeader.size !== 2 || !(keyName instanceof Uint8Array) || keyName.length !== KEY_NAME_BYTES) {
    return refuse("COSE_HEADER");
  }
  if (signature.length !== 64) return refuse("COSE_SIGNATURE_BYTES");
  const toBeSigned = sign1ToBeSigned(protectedBytes, aadOf(purpose), payload);
  return ok({ keyName, payload, signature, toBeSigned });
}
