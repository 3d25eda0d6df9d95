/**
 * A remote caller's proof to the cloud that it may reach a unit through the relay: the key of the last link of its
 * chain signs a single-use nonce, the broker's name and the unit's ID. Callers need no account. The cloud learns about
 * a caller only what the chain says.
 * @source PROTOCOL 7.6
 */
import { concat, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, decodeCbor, encodeCbor, isBytes } from "#codec/cbor.ts";
import { decodeLinkProof, encodeLinkProof, type LinkProof } from "./link-auth.ts";

const DEVICE_ID_BYTES = 12;
/** A proof, an ID, a chain, and what stands around them. */
export const CALLER_PROOF_BYTES_MAX = 1_800;
const NAME = /^c-[0-9a-f]{32}$/;

interface CallerProof {
  readonly proof: LinkProof;
  /** The unit that the caller wants to speak with: 12 bytes. */
  readonly deviceId: Uint8Array;
  /** The grant and its children, encoded (PROTOCOL 4.5). */
  readonly chain: Uint8Array;
}

/** What the caller signs: "latchkey-caller-1", the broker's name and the unit's ID, each ended by a zero byte, the nonce. */
export function callerToBeSigned(broker: string, device: string, nonce: Uint8Array): Uint8Array {
  return concat(utf8(`latchkey-caller-1\0${broker}\0${device}\0`), nonce);
}

/** [proof, device ID, chain] */
export function encodeCallerProof({ proof, deviceId, chain }: CallerProof): Uint8Array {
  return encodeCbor([encodeLinkProof(proof), deviceId, chain]);
}

/** Reads what a caller handed in, or refuses with LINK_PROOF. */
export function decodeCallerProof(bytes: Uint8Array): Result<CallerProof> {
  const item = bytes.length <= CALLER_PROOF_BYTES_MAX ? decodeCbor(bytes) : undefined;
  const [proofBytes, deviceId, chain, ...more] = item?.ok && Array.isArray(item.value) ? (item.value as Cbor[]) : [];
  const proof = decodeLinkProof(proofBytes instanceof Uint8Array ? proofBytes : new Uint8Array(0));
  if (!proof.ok || !isBytes(deviceId, DEVICE_ID_BYTES) || !(chain instanceof Uint8Array) || more.length > 0) {
    return refuse("LINK_PROOF");
  }
  return ok({ proof: proof.value, deviceId, chain });
}

/** Client ID and user name of one relay session, made from the nonce that was spent on it, so they are unique. */
export function callerName(nonce: Uint8Array): string {
  return `c-${toHex(nonce)}`;
}

/** Whether a client is a caller, by its name. */
export function isCallerName(name: string): boolean {
  return NAME.test(name);
}

/** Where one caller speaks; nobody else may. */
export function callerRelayTopic(name: string): string {
  return `c/${name}/relay`;
}

/**
 * The topic on which one caller receives answers; nobody else may subscribe. A message of zero bytes ends the relay
 * session.
 */
export function callerReplyTopic(name: string): string {
  return `c/${name}/reply`;
}
