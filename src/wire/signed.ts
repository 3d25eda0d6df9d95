/** The envelope of every signed object: COSE_Sign1 with one algorithm and one fixed header (PROTOCOL 2.4). */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, type CborMap, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { ALGORITHM, COSE_TAG, encodeHeader, HEADER, readSign1, sign1ToBeSigned, untag } from "#codec/cose.ts";

const KID_BYTES_MAX = 8;

export interface Signed {
  /** Names the signing key among the pinned ones; absent where the key is known from elsewhere. */
  readonly kid: Uint8Array | undefined;
  readonly protectedBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * What each statement signs besides itself, so that none passes for another under the same key (PROTOCOL 2.5). A grant
 * signs nothing more; a child signs the hash of its parent.
 */
export const CONTEXT = {
  revocation: "latchkey revocation",
  time: "latchkey time",
  discharge: "latchkey discharge",
} as const;

/**
 * Reads an envelope from a decoded item.
 * @param tags The tags that must stand in front, from the outside in, and no others.
 * @param kid  Whether the header must name a key, must not, or may.
 * @returns The parts, or in order: COSE_TAG, COSE_SHAPE, what the header's CBOR refuses, COSE_UNPROTECTED,
 *   COSE_EDDSA (-8), COSE_ALGORITHM (any other, or none), COSE_HEADER, COSE_SIGNATURE_BYTES.
 * @source PROTOCOL 2.4; RFC 9864
 */
export function readSigned(
  item: Cbor,
  tags: readonly number[],
  kid: "required" | "absent" | "optional",
): Result<Signed> {
  const untagged = untag(item);
  if (untagged.tags.length !== tags.length || untagged.tags.some((tag, i) => tag !== tags[i])) {
    return refuse("COSE_TAG");
  }
  const sign1 = readSign1(untagged.inner);
  if (!sign1.ok) return sign1;
  const { protectedHeader, unprotectedHeader, protectedBytes, payload, signature } = sign1.value;
  if (unprotectedHeader.size !== 0) return refuse("COSE_UNPROTECTED");
  const algorithm = protectedHeader.get(HEADER.alg);
  if (algorithm === ALGORITHM.eddsa) return refuse("COSE_EDDSA");
  if (algorithm !== ALGORITHM.ed25519) return refuse("COSE_ALGORITHM");
  const name = protectedHeader.get(HEADER.kid);
  const hasKid = protectedHeader.has(HEADER.kid);
  if (protectedHeader.size !== (hasKid ? 2 : 1)) return refuse("COSE_HEADER");
  if (hasKid ? kid === "absent" : kid === "required") return refuse("COSE_HEADER");
  if (hasKid && !(name instanceof Uint8Array && name.length > 0 && name.length <= KID_BYTES_MAX)) {
    return refuse("COSE_HEADER");
  }
  if (signature.length !== 64) return refuse("COSE_SIGNATURE_BYTES");
  return ok({ kid: hasKid ? (name as Uint8Array) : undefined, protectedBytes, payload, signature });
}

/** What stands in front of every statement that is no link. */
export const STATEMENT_TAGS = [COSE_TAG.sign1];

/**
 * Reads a statement: an envelope with tag 18 whose payload is a map with exactly two entries.
 * @returns Envelope and payload; or what the CBOR or readSigned refuses, what the payload's CBOR refuses, or `shape`.
 */
export function readStatement(
  bytes: Uint8Array,
  kid: "absent" | "optional",
  shape: Fault,
): Result<{ readonly signed: Signed; readonly payload: CborMap }> {
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  const signed = readSigned(item.value, STATEMENT_TAGS, kid);
  if (!signed.ok) return signed;
  const payload = decodeCbor(signed.value.payload);
  if (!payload.ok) return payload;
  if (!(payload.value instanceof Map) || payload.value.size !== 2) return refuse(shape);
  return ok({ signed: signed.value, payload: payload.value });
}

/** The bytes that the signature of an envelope is over. */
export function toBeSigned(signed: Pick<Signed, "protectedBytes" | "payload">, externalAad: Uint8Array): Uint8Array {
  return sign1ToBeSigned(signed.protectedBytes, externalAad, signed.payload);
}

/** Makes an envelope. The signer sees exactly the bytes that a reader will check. */
export function composeSigned(
  tags: readonly number[],
  kid: Uint8Array | undefined,
  payload: Uint8Array,
  externalAad: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const header = new Map<CborKey, Cbor>([[HEADER.alg, ALGORITHM.ed25519]]);
  if (kid !== undefined) header.set(HEADER.kid, kid);
  const protectedBytes = encodeHeader(header);
  const signature = sign(toBeSigned({ protectedBytes, payload }, externalAad));
  let item: Cbor = [protectedBytes, new Map(), payload, signature];
  for (const tag of [...tags].reverse()) item = { tag, value: item };
  return encodeCbor(item);
}
