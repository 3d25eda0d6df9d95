/**
 * COSE_Sign1 and COSE_Sign as structures (RFC 9052). What a header may say and which tags must stand in
 * front is policy, and is decided where the message is known (wire/signed.ts).
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { byteStringHead } from "./byte-string.ts";
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from "./cbor.ts";

/** Header labels (RFC 9052 section 3.1). */
export const HEADER = { alg: 1, crit: 2, contentType: 3, kid: 4, iv: 5 } as const;

/** Algorithms that we know by number (RFC 9864, RFC 9053). */
export const ALGORITHM = { ed25519: -19, eddsa: -8, es256: -7, chacha20Poly1305: 24, aesCcm16_64_128: 10 } as const;

export const COSE_TAG = { encrypt0: 16, sign1: 18, cwt: 61, sign: 98 } as const;

interface Sign1 {
  /** The protected header as it was signed; an empty string when there is none. */
  readonly protectedBytes: Uint8Array;
  readonly protectedHeader: CborMap;
  readonly unprotectedHeader: CborMap;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** A decoded item without its tags, which are listed from the outside in. */
export function untag(item: Cbor): { readonly tags: readonly number[]; readonly inner: Cbor } {
  const tags: number[] = [];
  let inner = item;
  while (isTag(inner)) {
    tags.push(inner.tag);
    inner = inner.value;
  }
  return { tags, inner };
}

function isTag(item: Cbor): item is { tag: number; value: Cbor } {
  return typeof item === "object" && item !== null && "tag" in item;
}

/**
 * Reads COSE_Sign1 = [protected, unprotected, payload, signature] from an untagged item.
 * @returns The parts, or COSE_SHAPE (not that array, or a detached payload), or what the protected header's CBOR refuses.
 * @source RFC 9052 section 4.2
 */
export function readSign1(item: Cbor): Result<Sign1> {
  if (!Array.isArray(item) || item.length !== 4) return refuse("COSE_SHAPE");
  const [protectedBytes, unprotectedHeader, payload, signature] = item as readonly Cbor[];
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) return refuse("COSE_SHAPE");
  const headers = readHeaders(protectedBytes, unprotectedHeader);
  return headers.ok ? ok({ ...headers.value, payload, signature }) : headers;
}

function readHeaders(
  protectedBytes: Cbor,
  unprotectedHeader: Cbor,
): Result<Pick<Sign1, "protectedBytes" | "protectedHeader" | "unprotectedHeader">> {
  if (!(protectedBytes instanceof Uint8Array) || !(unprotectedHeader instanceof Map)) return refuse("COSE_SHAPE");
  if (protectedBytes.length === 0) return ok({ protectedBytes, protectedHeader: new Map(), unprotectedHeader });
  const header = decodeCbor(protectedBytes);
  if (!header.ok) return header;
  if (!(header.value instanceof Map)) return refuse("COSE_SHAPE");
  // RFC 9052 section 3 makes a recipient take an empty map for the empty string, in what is signed as well. Our own
  // statements always name an algorithm, so they have no second spelling.
  return ok({ protectedBytes: encodeHeader(header.value), protectedHeader: header.value, unprotectedHeader });
}

/** The bytes of a protected header; an empty one is the empty string. */
export function encodeHeader(header: CborMap): Uint8Array {
  return header.size === 0 ? new Uint8Array(0) : encodeCbor(header);
}

/** Array of four, and its first item. */
const SIGNATURE_1 = concat(Uint8Array.of(0x84), encodeCbor("Signature1"));

/** What a COSE_Sign1 signature is over: Sig_structure, context "Signature1" (RFC 9052 section 4.4). */
export function sign1ToBeSigned(protectedBytes: Uint8Array, externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(
    SIGNATURE_1,
    byteStringHead(protectedBytes.length),
    protectedBytes,
    byteStringHead(externalAad.length),
    externalAad,
    byteStringHead(payload.length),
    payload,
  );
}

/** What one signature of a COSE_Sign is over: Sig_structure, context "Signature" (RFC 9052 section 4.4). */
export function signToBeSigned(
  bodyProtected: Uint8Array,
  signProtected: Uint8Array,
  externalAad: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return encodeCbor(["Signature", bodyProtected, signProtected, externalAad, payload]);
}
