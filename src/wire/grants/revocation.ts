/**
 * Revocation statements: a key revokes grants that it signed, by their numbers (PROTOCOL 4.7), never by a token's
 * hash.
 */
import { compare, concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, decodeCbor, encodeCbor, isCount } from "#codec/cbor.ts";
import { readStatement, type Signed } from "#wire/signed.ts";
import { type Audience, encodeAudience, readAudience } from "./audience.ts";
import { CLAIM, CTI_BYTES, EPOCH_MAX } from "./grant.ts";

export const REVOKED_MAX = 64;
const VERSION = 1;
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;
export const DELIVERY_MAX = 8;

export interface Revocation {
  readonly audience: Audience;
  /** Higher in each statement of a key. */
  readonly sequence: number;
  /** Epochs below this are revoked, for links that this key signed. */
  readonly floor: number;
  /** Revoked ctis, 8 bytes each, ascending, joined. */
  readonly revoked: Uint8Array;
}

/** Sorts and joins ctis into the form of a statement. */
export function joinCtis(ctis: readonly Uint8Array[]): Uint8Array {
  const sorted = [...ctis].sort(compare);
  return concat(...sorted.filter((cti, i) => i === 0 || compare(cti, sorted[i - 1] as Uint8Array) !== 0));
}

/** The ctis of a joined form, one by one. */
export function splitCtis(joined: Uint8Array): readonly Uint8Array[] {
  const ctis: Uint8Array[] = [];
  for (let at = 0; at < joined.length; at += CTI_BYTES) ctis.push(joined.subarray(at, at + CTI_BYTES));
  return ctis;
}

export function encodeRevocation({ audience, sequence, floor, revoked }: Revocation): Uint8Array {
  return encodeCbor(
    new Map<CborKey, Cbor>([
      [CLAIM.aud, encodeAudience(audience)],
      [CLAIM.ours, [VERSION, sequence, floor, revoked]],
    ]),
  );
}

/**
 * Reads a statement: with a kid it is an issuer's, without one a holder's.
 * @returns Envelope and content; or what readStatement refuses, REVOCATION_SHAPE,
 *   GRANT_AUDIENCE.
 */
export function readRevocation(bytes: Uint8Array): Result<{ readonly signed: Signed; readonly content: Revocation }> {
  const statement = readStatement(bytes, "optional", "REVOCATION_SHAPE");
  if (!statement.ok) return statement;
  const { signed, payload } = statement.value;
  const ours = payload.get(CLAIM.ours);
  if (!Array.isArray(ours) || ours.length !== 4 || ours[0] !== VERSION) return refuse("REVOCATION_SHAPE");
  const [, sequence, floor, revoked] = ours as readonly Cbor[];
  if (!isCount(sequence, SEQUENCE_MAX) || !isCount(floor, EPOCH_MAX) || !isCtis(revoked)) {
    return refuse("REVOCATION_SHAPE");
  }
  const audience = readAudience(payload.get(CLAIM.aud));
  if (!audience.ok) return audience;
  return ok({ signed, content: { audience: audience.value, sequence, floor, revoked } });
}

/** Whole ctis, not too many, strictly ascending. */
export function isCtis(item: Cbor): item is Uint8Array {
  if (!(item instanceof Uint8Array) || item.length % CTI_BYTES !== 0) return false;
  const ctis = splitCtis(item);
  return ctis.length <= REVOKED_MAX && ctis.every((cti, i) => i === 0 || compare(ctis[i - 1] as Uint8Array, cti) < 0);
}

/** One statement on its way, with the chain that shows who its signer is when that is no issuer. */
export interface Delivered {
  readonly statement: Uint8Array;
  readonly chain?: Uint8Array;
}

/** What a retained message or a phone carries: statements in the order of their sequences. @source PROTOCOL 4.8 */
export function encodeDelivery(delivered: readonly Delivered[]): Uint8Array {
  return encodeCbor(delivered.map(({ statement, chain }) => (chain === undefined ? [statement] : [statement, chain])));
}

/** What a unit names a delivery by that it has taken: the first four bytes of its SHA-256. @source PROTOCOL 7.3 */
export function deliveryTagOf(sha256: (bytes: Uint8Array) => Uint8Array, delivery: Uint8Array): number {
  return viewOf(sha256(delivery)).getUint32(0);
}

/** Reads a delivery of at most 8 statements, or refuses what its CBOR refuses, or REVOCATION_SHAPE. */
export function readDelivery(bytes: Uint8Array): Result<readonly Delivered[]> {
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  if (!Array.isArray(item.value) || item.value.length > DELIVERY_MAX) return refuse("REVOCATION_SHAPE");
  const delivered: Delivered[] = [];
  for (const each of item.value as readonly Cbor[]) {
    const [statement, chain, ...more] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    const hasChain = Array.isArray(each) && each.length === 2;
    if (!(statement instanceof Uint8Array) || more.length > 0) return refuse("REVOCATION_SHAPE");
    if (hasChain && !(chain instanceof Uint8Array)) return refuse("REVOCATION_SHAPE");
    delivered.push(hasChain ? { statement, chain: chain as Uint8Array } : { statement });
  }
  return ok(delivered);
}
