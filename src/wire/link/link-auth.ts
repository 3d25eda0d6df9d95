/**
 * A unit's proof of its key to a broker that speaks plain MQTT: the cloud gives a single-use nonce, the unit signs it
 * together with the broker's name and its client ID, and sends nonce, key and signature as the MQTT password in
 * hexadecimal. Client ID and user name are the device ID, which the key hashes to. A proof for one broker is worth
 * nothing at another, and nothing a second time.
 * @source PROTOCOL 7.2
 */
import { concat, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";

export const NONCE_BYTES = 16;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PROOF_BYTES = NONCE_BYTES + KEY_BYTES + SIGNATURE_BYTES;

export interface LinkProof {
  readonly nonce: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** What the unit signs: "latchkey-link-1", the broker's name and the client ID, each ended by a zero byte, the nonce. */
export function linkToBeSigned(broker: string, clientId: string, nonce: Uint8Array): Uint8Array {
  return concat(utf8(`latchkey-link-1\0${broker}\0${clientId}\0`), nonce);
}

/** nonce (16 bytes), public key (32), signature (64): 112 bytes. */
export function encodeLinkProof(proof: LinkProof): Uint8Array {
  return concat(proof.nonce, proof.publicKey, proof.signature);
}

/** The proof's parts, or LINK_PROOF when it has another length. */
export function decodeLinkProof(bytes: Uint8Array): Result<LinkProof> {
  if (bytes.length !== PROOF_BYTES) return refuse("LINK_PROOF");
  return ok({
    nonce: bytes.slice(0, NONCE_BYTES),
    publicKey: bytes.slice(NONCE_BYTES, NONCE_BYTES + KEY_BYTES),
    signature: bytes.slice(NONCE_BYTES + KEY_BYTES),
  });
}

/** The MQTT password: the proof in lower-case hexadecimal, so that every broker's tools can carry it. */
export function linkPassword(proof: LinkProof): string {
  return toHex(encodeLinkProof(proof));
}

/**
 * The answer to `POST /nonce` (body: the device ID, 12 bytes): nonce, then flags. With `register` (bit 0) the unit sends
 * the proof to `POST /proof` (body: the 112 bytes) and waits for 204 before it connects: a broker that can't check
 * proofs itself is told the password there. With `mqtt5` (bit 1) the broker speaks MQTT 5 as well as 3.1.1.
 */
interface NonceAnswer {
  readonly nonce: Uint8Array;
  readonly register: boolean;
  readonly mqtt5?: boolean;
}

export function encodeNonceAnswer(answer: NonceAnswer): Uint8Array {
  return concat(answer.nonce, Uint8Array.of((answer.register ? 1 : 0) | (answer.mqtt5 ? 2 : 0)));
}

/** The answer, or LINK_NONCE when it is not 17 bytes or carries a flag that we don't know. */
export function decodeNonceAnswer(bytes: Uint8Array): Result<Required<NonceAnswer>> {
  const flags = bytes[NONCE_BYTES];
  if (bytes.length !== NONCE_BYTES + 1 || flags === undefined || flags > 3) return refuse("LINK_NONCE");
  return ok({ nonce: bytes.slice(0, NONCE_BYTES), register: (flags & 1) === 1, mqtt5: (flags & 2) === 2 });
}
