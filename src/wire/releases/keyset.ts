/**
 * A key set: which keys may sign releases and timestamps of a product. COSE_Sign by at least two of the product's three
 * root keys, which are offline. A set that changes the roots is also signed by two of the new ones.
 * Payload: [1, version, product, [release key...], [timestamp key...], null or [root, root, root]].
 * @source PROTOCOL 8.11; RFC 9052 section 4.1
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { ALGORITHM, COSE_TAG, HEADER, signToBeSigned, untag } from "#codec/cose.ts";
import { aadOf, KEY_NAME_BYTES, roleHeader } from "./role-envelope.ts";

const BYTES_MAX = 800;
const KEYS_MAX = 4;
export const ROOTS = 3;

export interface Keyset {
  readonly version: number;
  readonly product: string;
  readonly releaseKeys: readonly Uint8Array[];
  readonly timestampKeys: readonly Uint8Array[];
  /** The three roots that follow the ones in use, when they change. */
  readonly roots: readonly Uint8Array[] | undefined;
}

interface KeysetSignature {
  readonly keyName: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedKeyset {
  readonly keyset: Keyset;
  readonly payload: Uint8Array;
  readonly signatures: readonly KeysetSignature[];
}

export function encodeKeyset(keyset: Keyset): Uint8Array {
  const { version, product, releaseKeys, timestampKeys, roots } = keyset;
  return encodeCbor([1, version, product, releaseKeys, timestampKeys, roots ?? null]);
}

/** What the root of this name signs. */
export function keysetToBeSigned(keyName: Uint8Array, payload: Uint8Array): Uint8Array {
  return signToBeSigned(new Uint8Array(0), roleHeader(keyName), aadOf("keyset"), payload);
}

export function encodeSignedKeyset(payload: Uint8Array, signatures: readonly KeysetSignature[]): Uint8Array {
  return encodeCbor({
    tag: COSE_TAG.sign,
    value: [
      new Uint8Array(0),
      new Map(),
      payload,
      signatures.map(({ keyName, signature }) => [roleHeader(keyName), new Map(), signature]),
    ],
  });
}

/** Takes a signed key set apart; checks no signature. Refuses with KEYSET_SHAPE. */
export function decodeSignedKeyset(bytes: Uint8Array): Result<SignedKeyset> {
  const item = decodeCbor(bytes, { bytesMax: BYTES_MAX, depthMax: 6 });
  if (!item.ok) return refuse("KEYSET_SHAPE");
  const { tags, inner } = untag(item.value);
  if (tags.length !== 1 || tags[0] !== COSE_TAG.sign) return refuse("KEYSET_SHAPE");
  if (!Array.isArray(inner) || inner.length !== 4) return refuse("KEYSET_SHAPE");
  const [protectedBytes, unprotected, payload, signers] = inner as readonly Cbor[];
  if (!(protectedBytes instanceof Uint8Array) || protectedBytes.length !== 0) return refuse("KEYSET_SHAPE");
  if (!(unprotected instanceof Map) || unprotected.size !== 0) return refuse("KEYSET_SHAPE");
  if (!(payload instanceof Uint8Array) || !Array.isArray(signers) || signers.length > 2 * ROOTS) {
    return refuse("KEYSET_SHAPE");
  }
  const signatures = (signers as readonly Cbor[]).map(signatureOf);
  const keyset = keysetOf(payload);
  if (keyset === undefined || !signatures.every((each) => each !== undefined)) return refuse("KEYSET_SHAPE");
  return ok({ keyset, payload, signatures });
}

function signatureOf(item: Cbor): KeysetSignature | undefined {
  if (!Array.isArray(item) || item.length !== 3) return undefined;
  const [protectedBytes, unprotected, signature] = item as readonly Cbor[];
  if (!(protectedBytes instanceof Uint8Array) || !(signature instanceof Uint8Array)) return undefined;
  if (!(unprotected instanceof Map) || unprotected.size !== 0 || signature.length !== 64) return undefined;
  const header = decodeCbor(protectedBytes);
  if (!header.ok || !(header.value instanceof Map) || header.value.size !== 2) return undefined;
  if (header.value.get(HEADER.alg) !== ALGORITHM.ed25519) return undefined;
  const keyName = header.value.get(HEADER.kid);
  if (!(keyName instanceof Uint8Array) || keyName.length !== KEY_NAME_BYTES) return undefined;
  return { keyName, signature };
}

function keysetOf(payload: Uint8Array): Keyset | undefined {
  const item = decodeCbor(payload, { bytesMax: BYTES_MAX, depthMax: 3 });
  if (!item.ok || !Array.isArray(item.value) || item.value.length !== 6) return undefined;
  const [format, version, product, releaseKeys, timestampKeys, roots] = item.value as readonly Cbor[];
  if (format !== 1 || typeof version !== "number" || !Number.isInteger(version) || version < 0) return undefined;
  if (typeof product !== "string" || !areKeys(releaseKeys) || !areKeys(timestampKeys)) return undefined;
  if (roots === null) return { version, product, releaseKeys, timestampKeys, roots: undefined };
  if (!areKeys(roots) || roots.length !== ROOTS) return undefined;
  return { version, product, releaseKeys, timestampKeys, roots };
}

function areKeys(item: Cbor): item is readonly Uint8Array[] {
  return (
    Array.isArray(item) &&
    item.length > 0 &&
    item.length <= KEYS_MAX &&
    item.every((key) => key instanceof Uint8Array && key.length === 32)
  );
}
