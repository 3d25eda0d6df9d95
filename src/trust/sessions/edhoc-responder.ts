/** EDHOC's responder, the unit's side (RFC 9528 sections 5.2.3, 5.3.2 and 5.4.3), as pure steps. */
import { concat, equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { byteStringHead } from "#codec/byte-string.ts";
import type { Cbor } from "#codec/cbor.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import {
  type Credential,
  type Ead,
  encodeProof,
  ephemeralPublic,
  KEY_BYTES,
  METHOD_SIGNATURES,
  maskPlaintext2,
  openCiphertext3,
  type Proof,
  readEad,
  readItems,
  readLoneString,
  readProof,
  type Secret,
  type Sign,
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

interface Message1 {
  readonly bytes: Uint8Array;
  readonly suite: Suite;
  readonly gX: Uint8Array;
  readonly peerId: Uint8Array;
  readonly ead: readonly Ead[];
}

/** SUITES_I: the selected suite last, all that its sender prefers before it (RFC 9528 section 5.2.2). */
function readSuites(item: Cbor): readonly Cbor[] | undefined {
  const suites = Array.isArray(item) && item.length > 1 ? item : [item];
  return suites.every(Number.isInteger) ? suites : undefined;
}

/**
 * Reads message 1; costs no cryptography.
 * @param supported Our suites.
 * @returns Refusals in order: EDHOC_MESSAGE (form, key length), EDHOC_METHOD, EDHOC_SUITE (the selected suite is not ours, or
 *          its sender prefers another of ours), EDHOC_EAD (a critical item; none is known here).
 */
export function readMessage1(bytes: Uint8Array, supported: readonly Suite[]): Result<Message1> {
  const items = readItems(bytes);
  if (items === undefined) return refuse("EDHOC_MESSAGE");
  const [method, offered, gX, named] = items;
  const suites = readSuites(offered);
  const peerId = identifierOf(named);
  const ead = readEad(items, 4);
  if (!Number.isInteger(method) || suites === undefined || !(gX instanceof Uint8Array)) return refuse("EDHOC_MESSAGE");
  if (peerId === undefined || ead === undefined) return refuse("EDHOC_MESSAGE");
  if (method !== METHOD_SIGNATURES) return refuse("EDHOC_METHOD");
  const wanted = suites.find((id) => supported.some((suite) => suite.id === id));
  const suite = supported.find(({ id }) => id === wanted);
  if (suite === undefined || wanted !== suites[suites.length - 1]) return refuse("EDHOC_SUITE");
  if (gX.length !== KEY_BYTES) return refuse("EDHOC_MESSAGE");
  if (ead.some(({ label }) => label < 0)) return refuse("EDHOC_EAD");
  return ok({ bytes, suite, gX, peerId, ead });
}

/** What a responder keeps between messages 2 and 3. */
export interface Responded {
  readonly suite: Suite;
  readonly message2: Uint8Array;
  readonly prk: HmacKey;
  /** TH_3. */
  readonly transcript: Uint8Array;
  readonly ownId: Uint8Array;
  readonly peerId: Uint8Array;
}

/**
 * Composes message 2: two X25519 and one signature.
 * @param ownId C_R, different from C_I.
 * @returns EDHOC_KEY when the initiator's point has small order.
 */
export function respond(
  primitives: Primitives,
  message1: Message1,
  ownId: Uint8Array,
  own: Credential & { readonly sign: Sign },
): Result<Responded> {
  const ephemeral = primitives.random(KEY_BYTES);
  const shared = sharedSecret(primitives, ephemeral, message1.gX);
  if (!shared.ok) return shared;
  const gY = ephemeralPublic(primitives, ephemeral);
  const transcript = transcript2(primitives, gY, message1.bytes);
  const prk = extract(primitives, transcript, shared.value);
  const ownIdBytes = encodeIdentifier(ownId);
  const signature = own.sign(toBeSigned(primitives, prk, 2, ownIdBytes, own, transcript, NOTHING));
  const plaintext = concat(ownIdBytes, encodeProof(own.id, signature, NOTHING));
  return ok({
    suite: message1.suite,
    message2: concat(
      byteStringHead(KEY_BYTES + plaintext.length),
      gY,
      maskPlaintext2(primitives, prk, transcript, plaintext),
    ),
    prk,
    transcript: transcriptNext(primitives, transcript, plaintext, own.item),
    ownId,
    peerId: message1.peerId,
  });
}

/** Message 3 as the responder opened it: sealed by whoever sent message 1, but who that is isn't proven yet. */
interface Opened3 {
  readonly proof: Proof;
  readonly plaintext: Uint8Array;
}

/** Opens message 3 without verifying a signature. @returns EDHOC_MESSAGE (form) or EDHOC_SEAL (the tag doesn't hold). */
export function openMessage3(primitives: Primitives, responded: Responded, message3: Uint8Array): Result<Opened3> {
  const ciphertext = readLoneString(message3);
  if (ciphertext === undefined) return refuse("EDHOC_MESSAGE");
  const plaintext = openCiphertext3(primitives, responded.suite, responded.prk, responded.transcript, ciphertext);
  if (plaintext === undefined) return refuse("EDHOC_SEAL");
  const items = readItems(plaintext);
  const proof = items === undefined ? undefined : readProof(plaintext, items, 0, 0);
  return proof === undefined ? refuse("EDHOC_MESSAGE") : ok({ proof, plaintext });
}

/**
 * Checks the initiator's signature.
 * @param peer The credential that its ID_CRED_I and external data led to, and its Ed25519 public key.
 * @returns EDHOC_CREDENTIAL when message 3 names another credential, EDHOC_SIGNATURE when the signature doesn't hold.
 */
export function finish(
  primitives: Primitives,
  responded: Responded,
  { proof, plaintext }: Opened3,
  peer: Credential & { readonly publicKey: Uint8Array },
): Result<Secret> {
  if (!equal(proof.idCred, peer.id)) return refuse("EDHOC_CREDENTIAL");
  const signed = toBeSigned(primitives, responded.prk, 6, NOTHING, peer, responded.transcript, proof.eadBytes);
  if (!verifyEd25519(primitives, signed, proof.signature, peer.publicKey)) return refuse("EDHOC_SIGNATURE");
  const transcript4 = transcriptNext(primitives, responded.transcript, plaintext, peer.item);
  return ok(secretOf(primitives, responded.prk, transcript4, responded.ownId, responded.peerId));
}
