/** EDHOC's initiator, the caller's side (RFC 9528 sections 5.2.2, 5.3.3 and 5.4.2), as pure steps. */
import { concat, equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import {
  type Credential,
  type Ead,
  encodeEad,
  encodeProof,
  ephemeralPublic,
  KEY_BYTES,
  METHOD_SIGNATURES,
  maskPlaintext2,
  type Proof,
  readItems,
  readLoneString,
  readProof,
  type Secret,
  type Sign,
  sealMessage3,
  secretOf,
  sharedSecret,
  toBeSigned,
  transcript2,
  transcriptNext,
} from "./edhoc.ts";
import { encodeIdentifier, identifierOf } from "./edhoc-identifier.ts";
import { extract, type HmacKey } from "./edhoc-kdf.ts";
import type { Suite } from "./edhoc-suite.ts";

const NOTHING = new Uint8Array(0);
/** Message 2 carries an identifier, a credential's name and a signature: more keystream than this is never derived. */
const PLAINTEXT_BYTES_MAX = 255;

/** What an initiator keeps between messages 1 and 2. */
export interface Initiated {
  readonly suite: Suite;
  readonly ephemeral: Uint8Array;
  readonly ownId: Uint8Array;
  readonly message1: Uint8Array;
}

/**
 * Composes message 1 with one supported suite.
 * @param ownId C_I: how the responder is to name this session when it writes to us, 1 byte or a few.
 */
export function initiate(primitives: Primitives, suite: Suite, ownId: Uint8Array, ead: readonly Ead[] = []): Initiated {
  const ephemeral = primitives.random(KEY_BYTES);
  const message1 = concat(
    encodeCbor(METHOD_SIGNATURES),
    encodeCbor(suite.id),
    encodeCbor(ephemeralPublic(primitives, ephemeral)),
    encodeIdentifier(ownId),
    encodeEad(ead),
  );
  return { suite, ephemeral, ownId, message1 };
}

/** Message 2 as the initiator opened it; nothing in it is proven yet. */
interface Opened2 {
  readonly initiated: Initiated;
  readonly proof: Proof;
  readonly peerId: Uint8Array;
  readonly prk: HmacKey;
  readonly transcript: Uint8Array;
  readonly plaintext: Uint8Array;
}

/**
 * Opens message 2.
 * @returns Refusals in order: EDHOC_MESSAGE (form), EDHOC_KEY (small-order point), EDHOC_MESSAGE (the plaintext's form).
 */
export function openMessage2(primitives: Primitives, initiated: Initiated, message2: Uint8Array): Result<Opened2> {
  const joined = readLoneString(message2);
  if (joined === undefined || joined.length <= KEY_BYTES || joined.length - KEY_BYTES > PLAINTEXT_BYTES_MAX) {
    return refuse("EDHOC_MESSAGE");
  }
  const gY = joined.subarray(0, KEY_BYTES);
  const shared = sharedSecret(primitives, initiated.ephemeral, gY);
  if (!shared.ok) return shared;
  const transcript = transcript2(primitives, gY, initiated.message1);
  const prk = extract(primitives, transcript, shared.value);
  const plaintext = maskPlaintext2(primitives, prk, transcript, joined.subarray(KEY_BYTES));
  const items = readItems(plaintext);
  const peerId = identifierOf(items?.[0]);
  if (items === undefined || peerId === undefined) return refuse("EDHOC_MESSAGE");
  const proof = readProof(plaintext, items, 1, encodeIdentifier(peerId).length);
  if (proof === undefined || equal(peerId, initiated.ownId)) return refuse("EDHOC_MESSAGE");
  return ok({ initiated, proof, peerId, prk, transcript, plaintext });
}

/** What the initiator sends last, and the secret that both sides then share. */
export interface Answered {
  readonly message3: Uint8Array;
  readonly secret: Secret;
}

/**
 * Checks the responder's signature and composes message 3.
 * @param peer    The credential expected of the responder, and its Ed25519 public key.
 * @param own     Our credential and the signer of its key.
 * @param ead     External data for the responder, such as a grant chain.
 * @returns EDHOC_CREDENTIAL when message 2 names another credential, EDHOC_EAD for a critical item (none is known
 *          here), EDHOC_SIGNATURE when the signature doesn't hold.
 */
export function answerMessage2(
  primitives: Primitives,
  opened: Opened2,
  peer: Credential & { readonly publicKey: Uint8Array },
  own: Credential & { readonly sign: Sign },
  ead: readonly Ead[],
): Result<Answered> {
  const { initiated, proof, prk, transcript, plaintext } = opened;
  if (!equal(proof.idCred, peer.id)) return refuse("EDHOC_CREDENTIAL");
  if (proof.ead.some(({ label }) => label < 0)) return refuse("EDHOC_EAD");
  const signed = toBeSigned(primitives, prk, 2, encodeIdentifier(opened.peerId), peer, transcript, proof.eadBytes);
  if (!verifyEd25519(primitives, signed, proof.signature, peer.publicKey)) return refuse("EDHOC_SIGNATURE");

  const transcript3 = transcriptNext(primitives, transcript, plaintext, peer.item);
  const eadBytes = encodeEad(ead);
  const signature = own.sign(toBeSigned(primitives, prk, 6, NOTHING, own, transcript3, eadBytes));
  const plaintext3 = encodeProof(own.id, signature, eadBytes);
  const transcript4 = transcriptNext(primitives, transcript3, plaintext3, own.item);
  return ok({
    message3: sealMessage3(primitives, initiated.suite, prk, transcript3, plaintext3),
    secret: secretOf(primitives, prk, transcript4, initiated.ownId, opened.peerId),
  });
}
