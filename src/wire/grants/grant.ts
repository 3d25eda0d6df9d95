/**
 * Encodes and decodes grants, child links and chains (PROTOCOL 4.1 to 4.5). Whether one is valid is decided in trust.
 */
import { assert } from "#base/assert.ts";
import { equal } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import {
  type Cbor,
  type CborKey,
  type CborMap,
  decodeCbor,
  decodeCborSequence,
  encodeCbor,
  isBytes,
  isCount,
} from "#codec/cbor.ts";
import { COSE_TAG } from "#codec/cose.ts";
import { coseKey, readCoseKey } from "#codec/cose-key.ts";
import { readSigned, type Signed } from "#wire/signed.ts";
import { type Audience, encodeAudience, readAudience } from "./audience.ts";
import { type Caveat, encodeCaveat, readCaveats } from "./caveat.ts";
import { encodeScope, readScope, type Scope } from "./scope.ts";

/** CWT claims (RFC 8392), cnf (RFC 8747), scope (RFC 9200), nonce (RFC 9711), and one of our own. */
export const CLAIM = { aud: 3, exp: 4, iat: 6, cti: 7, cnf: 8, scope: 9, nonce: 10, ours: -65537 } as const;
const CNF_COSE_KEY = 1;

export const CTI_BYTES = 8;
const CHAIN_BYTES_MAX = 1536;
export const CHAIN_DEPTH_MAX = 4;
export const EPOCH_MAX = 0xffffffff;
const TIME_MAX_S = 2 ** 40;
const GRANT_VERSION = 1;
const CHAIN_VERSION = 1;
/** Array of two, version, array of links. */
const CHAIN_HEAD_BYTES = 3;
const GRANT_TAGS = [COSE_TAG.cwt, COSE_TAG.sign1];

/** What one link says. Times are Unix seconds. */
export interface Claims {
  /** Always in a grant; in a child only where it narrows. */
  readonly audience?: Audience;
  /** Always in a grant. Tells when it was made; decides only on a unit that was resold since. */
  readonly issuedAtS?: number;
  /** After this second the link is nothing, as far as the unit knows the time. */
  readonly expiresAtS?: number;
  /** 8 bytes by which the link can be revoked. */
  readonly cti: Uint8Array;
  /** Public key of whoever may use the link, and sign children of it. */
  readonly holder: Uint8Array;
  readonly scope: Scope;
  /** At least the floor of the key that signed the link, or it is revoked. */
  readonly epoch: number;
  readonly caveats: readonly Caveat[];
}

export interface Link {
  readonly claims: Claims;
  readonly signed: Signed;
  /** The link as it was signed over by its children. */
  readonly bytes: Uint8Array;
}

/** The payload of a link. */
export function encodeClaims(claims: Claims): Uint8Array {
  const map = new Map<CborKey, Cbor>();
  if (claims.audience !== undefined) map.set(CLAIM.aud, encodeAudience(claims.audience));
  if (claims.expiresAtS !== undefined) map.set(CLAIM.exp, claims.expiresAtS);
  if (claims.issuedAtS !== undefined) map.set(CLAIM.iat, claims.issuedAtS);
  map.set(CLAIM.cti, claims.cti);
  map.set(CLAIM.cnf, new Map([[CNF_COSE_KEY, coseKey(claims.holder)]]));
  map.set(CLAIM.scope, encodeScope(claims.scope));
  map.set(CLAIM.ours, [GRANT_VERSION, claims.epoch, claims.caveats.map(encodeCaveat)]);
  return encodeCbor(map);
}

/**
 * Reads a link's payload.
 * @returns The claims, or in order: what the CBOR refuses, GRANT_CLAIM (not a map, or a claim that we don't know),
 *   GRANT_AUDIENCE, GRANT_CLAIM_MISSING (iat, cti, cnf, scope, ours), GRANT_VERSION, GRANT_TIME, GRANT_CTI, GRANT_KEY,
 *   GRANT_SCOPE, GRANT_EPOCH_SHAPE, CAVEAT_SHAPE, CAVEAT_UNKNOWN.
 */
function readClaims(payload: Uint8Array, place: "grant" | "child"): Result<Claims> {
  const map = decodeCbor(payload);
  if (!map.ok) return map;
  if (!(map.value instanceof Map)) return refuse("GRANT_CLAIM");
  const claims: CborMap = map.value;
  const known: readonly CborKey[] = [CLAIM.aud, CLAIM.exp, CLAIM.iat, CLAIM.cti, CLAIM.cnf, CLAIM.scope, CLAIM.ours];
  for (const key of claims.keys()) if (!known.includes(key)) return refuse("GRANT_CLAIM");
  const isGrant = place === "grant";
  const audience = isGrant || claims.has(CLAIM.aud) ? readAudience(claims.get(CLAIM.aud)) : undefined;
  if (audience?.ok === false) return audience;
  const needed = isGrant ? known.slice(2) : known.slice(3);
  for (const key of needed) if (!claims.has(key)) return refuse("GRANT_CLAIM_MISSING");
  const ours = claims.get(CLAIM.ours);
  if (!Array.isArray(ours) || ours[0] !== GRANT_VERSION || ours.length !== 3) return refuse("GRANT_VERSION");
  const expiresAtS = claims.get(CLAIM.exp);
  const issuedAtS = claims.get(CLAIM.iat);
  if ((claims.has(CLAIM.exp) && !isTime(expiresAtS)) || (claims.has(CLAIM.iat) && !isTime(issuedAtS))) {
    return refuse("GRANT_TIME");
  }
  const cti = claims.get(CLAIM.cti);
  if (!isBytes(cti, CTI_BYTES)) return refuse("GRANT_CTI");
  const holder = readHolder(claims.get(CLAIM.cnf));
  if (!holder.ok) return holder;
  const scopeBytes = claims.get(CLAIM.scope);
  if (!(scopeBytes instanceof Uint8Array)) return refuse("GRANT_SCOPE");
  const scope = readScope(scopeBytes);
  if (!scope.ok) return scope;
  const epoch = ours[1] as Cbor;
  if (!isCount(epoch, EPOCH_MAX)) return refuse("GRANT_EPOCH_SHAPE");
  const caveats = readCaveats(ours[2]);
  if (!caveats.ok) return caveats;
  return ok({
    ...(audience !== undefined && { audience: audience.value }),
    ...(isTime(issuedAtS) && { issuedAtS }),
    ...(isTime(expiresAtS) && { expiresAtS }),
    cti,
    holder: holder.value,
    scope: scope.value,
    epoch,
    caveats: caveats.value,
  });
}

function readHolder(cnf: Cbor): Result<Uint8Array> {
  const fault: Fault = "GRANT_KEY";
  if (!(cnf instanceof Map) || cnf.size !== 1) return refuse(fault);
  const key = readCoseKey(cnf.get(CNF_COSE_KEY));
  return key.ok ? key : refuse(fault);
}

function isTime(item: Cbor): item is number {
  return isCount(item, TIME_MAX_S);
}

/** Reads one link from a decoded item: envelope first (see readSigned), then claims (see readClaims). */
export function readLink(item: Cbor, place: "grant" | "child"): Result<Link> {
  const signed = place === "grant" ? readSigned(item, GRANT_TAGS, "required") : readSigned(item, [], "absent");
  if (!signed.ok) return signed;
  const claims = readClaims(signed.value.payload, place);
  if (!claims.ok) return claims;
  let encoded: Uint8Array | undefined;
  return ok({
    claims: claims.value,
    signed: signed.value,
    // One value has one encoding, so encoding again gives the very bytes that were signed over. Only a parent's are asked for.
    get bytes() {
      encoded ??= encodeCbor(item);
      return encoded;
    },
  });
}

/** Reads a grant by itself, outside of a chain. */
export function readGrant(bytes: Uint8Array): Result<Link> {
  if (bytes.length > CHAIN_BYTES_MAX) return refuse("CHAIN_SIZE");
  const item = decodeCbor(bytes);
  return item.ok ? readLink(item.value, "grant") : item;
}

/** The items behind a known grant at the start of a chain, or undefined when the chain starts otherwise. */
function itemsBehind(bytes: Uint8Array, known: Link): Result<readonly Cbor[]> | undefined {
  const count = (bytes[2] ?? 0) - 0x80;
  const isChain = bytes[0] === 0x82 && bytes[1] === CHAIN_VERSION && count >= 1 && count <= CHAIN_DEPTH_MAX;
  const end = CHAIN_HEAD_BYTES + known.bytes.length;
  if (!isChain || !equal(bytes.subarray(CHAIN_HEAD_BYTES, end), known.bytes)) return undefined;
  const items = decodeCborSequence(bytes.subarray(end));
  return items.ok && items.value.length !== count - 1 ? refuse("CHAIN_SHAPE") : items;
}

/**
 * Reads a chain, [1, [grant, child, ...]].
 * @param known A grant that was read before: a chain that starts with these very bytes gets this very link.
 * @returns Its links from the grant on, or in order: CHAIN_SIZE, what the CBOR refuses, CHAIN_SHAPE, CHAIN_VERSION,
 *   CHAIN_DEPTH, then the first link's refusal.
 * @source PROTOCOL 4.5
 */
export function readChain(bytes: Uint8Array, known?: Link): Result<readonly Link[]> {
  if (bytes.length > CHAIN_BYTES_MAX) return refuse("CHAIN_SIZE");
  const behind = known === undefined ? undefined : itemsBehind(bytes, known);
  if (known !== undefined && behind !== undefined) return behind.ok ? readLinks(behind.value, [known]) : behind;
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  if (!Array.isArray(item.value) || item.value.length !== 2) return refuse("CHAIN_SHAPE");
  const [version, items] = item.value as readonly Cbor[];
  if (version !== CHAIN_VERSION) return refuse("CHAIN_VERSION");
  if (!Array.isArray(items)) return refuse("CHAIN_SHAPE");
  if (items.length < 1 || items.length > CHAIN_DEPTH_MAX) return refuse("CHAIN_DEPTH");
  return readLinks(items, []);
}

function readLinks(items: readonly Cbor[], first: readonly Link[]): Result<readonly Link[]> {
  const links: Link[] = [...first];
  for (const each of items) {
    const link = readLink(each, links.length === 0 ? "grant" : "child");
    if (!link.ok) return link;
    links.push(link.value);
  }
  return ok(links);
}

/** The chain of links that are given as bytes, the grant first. Breaks when one is not CBOR. */
export function encodeChain(links: readonly Uint8Array[]): Uint8Array {
  const items = links.map((bytes) => {
    const item = decodeCbor(bytes);
    assert(item.ok, "a chain is made of encoded links");
    return item.value;
  });
  return encodeCbor([CHAIN_VERSION, items]);
}
