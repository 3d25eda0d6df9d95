/**
 * EDHOC (RFC 9528) with signatures on both sides (method 0): what both roles share. The roles are pure steps in
 * edhoc-initiator.ts and edhoc-responder.ts; keys, random bytes and the choice of credentials come from the caller.
 */
import { concat, equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { byteStringHead, HEAD_32 } from "#codec/byte-string.ts";
import { type Cbor, decodeCborSequence, encodeCbor } from "#codec/cbor.ts";
import { sign1ToBeSigned } from "#codec/cose.ts";
import type { Primitives } from "#trust/primitives.ts";
import { compactId, idCredOf } from "./edhoc-identifier.ts";
import { edhocKdf, HASH_BYTES, type HmacKey, hmacKey } from "./edhoc-kdf.ts";
import type { Suite } from "./edhoc-suite.ts";

export const METHOD_SIGNATURES = 0;
const SIGNATURE_BYTES = 64;
export const KEY_BYTES = 32;
const SIGNATURE_HEAD_BYTES = 2;
/** A chain of four links fits; nothing in a message nests deeper than a certificate reference. */
const LIMITS = { bytesMax: 2048, depthMax: 3 };

/** Who a side says it is. */
export interface Credential {
  /** ID_CRED_x: an encoded COSE header map, such as {4: h'01'}. */
  readonly id: Uint8Array;
  /** CRED_x: the encoded CBOR item that holds the public key; both sides must have the very same bytes. */
  readonly item: Uint8Array;
}

/** One item of external authorization data. A negative label is critical. */
export interface Ead {
  readonly label: number;
  readonly value?: Uint8Array;
}

/** Signs bytes with the side's own Ed25519 key. */
export type Sign = (message: Uint8Array) => Uint8Array;

/** What a handshake leaves: the source of the application's keys and the identifiers of both sides. */
export interface Secret {
  readonly exporter: HmacKey;
  /** PRK_out, for the traces and for a key update. */
  readonly prkOut: Uint8Array;
  readonly ownId: Uint8Array;
  readonly peerId: Uint8Array;
}

/** EDHOC_Exporter (RFC 9528 section 4.2.1). */
export function exportKey(
  primitives: Primitives,
  secret: Secret,
  label: number,
  context: Uint8Array,
  byteLength: number,
): Uint8Array {
  return edhocKdf(primitives, secret.exporter, label, context, byteLength);
}

const NOTHING = new Uint8Array(0);

export function encodeEad(eads: readonly Ead[]): Uint8Array {
  return concat(
    ...eads.map(({ label, value }) =>
      value === undefined ? encodeCbor(label) : concat(encodeCbor(label), encodeCbor(value)),
    ),
  );
}

/** Reads the items behind the fixed part of a message. Padding (label 0) is left out. */
export function readEad(items: readonly Cbor[], from: number): readonly Ead[] | undefined {
  const eads: Ead[] = [];
  for (let i = from; i < items.length; i++) {
    const label = items[i];
    if (typeof label !== "number" || !Number.isInteger(label)) return undefined;
    const value = items[i + 1];
    const valued = value instanceof Uint8Array;
    if (valued) i++;
    if (label !== 0) eads.push(valued ? { label, value } : { label });
  }
  return eads;
}

/** The plaintext of message 2 or 3 behind C_R: who, the signature, external data. */
export interface Proof {
  /** ID_CRED_x, encoded. */
  readonly idCred: Uint8Array;
  readonly signature: Uint8Array;
  readonly ead: readonly Ead[];
  /** The external data as it stands, which the MAC and the signature cover. */
  readonly eadBytes: Uint8Array;
}

export function encodeProof(idCred: Uint8Array, signature: Uint8Array, ead: Uint8Array): Uint8Array {
  return concat(compactId(idCred), byteStringHead(signature.length), signature, ead);
}

/**
 * Reads a proof, or undefined when it isn't in its one correct form.
 * @param items     The items of the plaintext, of which `from` is ID_CRED_x.
 * @param fromBytes Where that item starts.
 */
export function readProof(
  plaintext: Uint8Array,
  items: readonly Cbor[],
  from: number,
  fromBytes: number,
): Proof | undefined {
  const idCred = idCredOf(items[from]);
  const signature = items[from + 1];
  if (idCred === undefined || !(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    return undefined;
  }
  const ead = readEad(items, from + 2);
  if (ead === undefined) return undefined;
  const eadAt = fromBytes + compactId(idCred).length + SIGNATURE_HEAD_BYTES + SIGNATURE_BYTES;
  return { idCred, signature, ead, eadBytes: plaintext.subarray(eadAt) };
}

/** The items of a message or plaintext, or undefined when it isn't a strict CBOR sequence. */
export function readItems(bytes: Uint8Array): readonly Cbor[] | undefined {
  const items = decodeCborSequence(bytes, LIMITS);
  return items.ok ? items.value : undefined;
}

/** The lone byte string that messages 2 and 3 are. */
export function readLoneString(message: Uint8Array): Uint8Array | undefined {
  const items = readItems(message);
  return items?.length === 1 && items[0] instanceof Uint8Array ? items[0] : undefined;
}

/** TH_2 = H(G_Y, H(message_1)). */
export function transcript2(primitives: Primitives, gY: Uint8Array, message1: Uint8Array): Uint8Array {
  return primitives.sha256(HEAD_32, gY, HEAD_32, primitives.sha256(message1));
}

/** TH_3 and TH_4: H(TH before, plaintext, CRED of its sender). */
export function transcriptNext(
  primitives: Primitives,
  before: Uint8Array,
  plaintext: Uint8Array,
  cred: Uint8Array,
): Uint8Array {
  return primitives.sha256(HEAD_32, before, plaintext, cred);
}

/**
 * What a side signs: a COSE Sig_structure over its MAC (RFC 9528 sections 5.3.2 and 5.4.2).
 * @param label    2 for the responder, 6 for the initiator.
 * @param prefix   C_R as it stands in the message, for the responder; empty for the initiator.
 */
export function toBeSigned(
  primitives: Primitives,
  prk: HmacKey,
  label: 2 | 6,
  prefix: Uint8Array,
  credential: Credential,
  transcript: Uint8Array,
  ead: Uint8Array,
): Uint8Array {
  const covered = concat(HEAD_32, transcript, credential.item, ead);
  const mac = edhocKdf(primitives, prk, label, concat(prefix, credential.id, covered), HASH_BYTES);
  return sign1ToBeSigned(credential.id, covered, mac);
}

/** XOR with KEYSTREAM_2: both seals and opens message 2's ciphertext. By words, for the sake of small engines. */
export function maskPlaintext2(primitives: Primitives, prk: HmacKey, transcript: Uint8Array, text: Uint8Array) {
  const stream = edhocKdf(primitives, prk, 0, transcript, text.length);
  const padded = new Uint8Array(Math.ceil(text.length / 4) * 4);
  padded.set(stream);
  const mask = new Uint32Array(padded.buffer);
  const masked = new Uint8Array(padded.length);
  masked.set(text);
  const words = new Uint32Array(masked.buffer);
  for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) ^ (mask[i] as number);
  return masked.subarray(0, text.length);
}

/** Array of three, and its first two items: the context and an empty protected header. */
const ENCRYPT_0 = concat(Uint8Array.of(0x83), encodeCbor("Encrypt0"), encodeCbor(NOTHING));

/** Key, nonce and associated data of message 3. */
function sealing3(primitives: Primitives, suite: Suite, prk: HmacKey, transcript: Uint8Array) {
  return {
    key: edhocKdf(primitives, prk, 3, transcript, suite.keyBytes),
    nonce: edhocKdf(primitives, prk, 4, transcript, suite.nonceBytes),
    aad: concat(ENCRYPT_0, HEAD_32, transcript),
  };
}

export function sealMessage3(
  primitives: Primitives,
  suite: Suite,
  prk: HmacKey,
  transcript: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { key, nonce, aad } = sealing3(primitives, suite, prk, transcript);
  const ciphertext = suite.seal(primitives, key, nonce, aad, plaintext);
  return concat(byteStringHead(ciphertext.length), ciphertext);
}

export function openCiphertext3(
  primitives: Primitives,
  suite: Suite,
  prk: HmacKey,
  transcript: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  const { key, nonce, aad } = sealing3(primitives, suite, prk, transcript);
  return suite.open(primitives, key, nonce, aad, ciphertext);
}

/** PRK_out and what follows from it, once TH_4 is known. */
export function secretOf(
  primitives: Primitives,
  prk: HmacKey,
  transcript4: Uint8Array,
  ownId: Uint8Array,
  peerId: Uint8Array,
): Secret {
  const prkOut = edhocKdf(primitives, prk, 7, transcript4, HASH_BYTES);
  const exporter = hmacKey(edhocKdf(primitives, hmacKey(prkOut), 10, NOTHING, HASH_BYTES));
  return { exporter, prkOut, ownId, peerId };
}

const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));
const ZERO = new Uint8Array(KEY_BYTES);

/** The public half of an ephemeral X25519 key. */
export function ephemeralPublic(primitives: Primitives, secret: Uint8Array): Uint8Array {
  return primitives.x25519(secret, BASE_POINT);
}

/** G_XY; EDHOC_KEY when the peer's point has small order (RFC 9528 section 9.2, RFC 7748 section 6.1). */
export function sharedSecret(primitives: Primitives, secret: Uint8Array, peer: Uint8Array): Result<Uint8Array> {
  const shared = primitives.x25519(secret, peer);
  return equal(shared, ZERO) ? refuse("EDHOC_KEY") : ok(shared);
}
