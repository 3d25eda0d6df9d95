/** Decides whether a chain allows a request at this place and time, without asking anyone (PROTOCOL 4.3 to 4.11). */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Zone } from "#codec/posix-tz.ts";
import type { Time } from "#trust/time-floor.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { type Ask, checkCaveat } from "./caveats.ts";
import { type OpenChain, type OpenLink, openChain, type Roots } from "./open-chain.ts";
import { entryOf, isRevokedBy, type RevocationList } from "./revocations.ts";

/** The facts that an authorization decision depends on, as the unit knows them. */
export interface Trust extends Roots {
  readonly revocations: RevocationList;
  readonly time: Time;
  /** After a resale: grants of an issuer for this one device count only if they were issued since. */
  readonly resoldAtS?: number;
  /** Whether the unit has an owner. */
  readonly claimed: boolean;
  /** Whether that owner agreed that fleet and product grants may do more than start installs. */
  readonly fleetCalls: boolean;
  /** A second that the owner's broadcast named as the present, unsigned: it may end what holders handed out, nothing else. */
  readonly hintS?: number;
  /** What signers of links said about the time, for the links that they signed and no others. */
  readonly vouched?: readonly Vouched[];
  /** The time zone that the owner told the unit, for local hours. */
  readonly zone?: Zone;
}

/** What the unit knows of the time by the word of one signer of links (PROTOCOL 4.10). */
export interface Vouched {
  readonly key: Uint8Array;
  /** The present is not before this second, as far as this signer's links go. Kept over restarts. */
  readonly floorS?: number;
  /** What this signer said since the last start. */
  readonly time?: Time & { readonly grade: "trusted" };
}

export interface Verdict {
  /** Key that the caller proved, or must prove, to hold. */
  readonly holder: Uint8Array;
  /** Ctis from the grant on; the last one names the caller in the unit's log. */
  readonly ctis: readonly Uint8Array[];
  /** Ctis of links that count their use: record one use of each before acting. */
  readonly counted: readonly Uint8Array[];
  /** The least exp of the chain, when there is one. */
  readonly expiresAtS: number | undefined;
}

/**
 * Decides whether a grant chain may perform one call on this device, now, offline.
 * @param chain CBOR of [1, [grant, child...]], at most CHAIN_BYTES_MAX bytes, depth 1 to 4.
 * @param ask   What is asked: right, function name, arguments, arrival (lan or relay), and the moment's circumstances.
 * @param trust Pinned issuer keys, our id, epoch floors, revoked ids, what we know of the time.
 * @returns The verdict, or the first failed check: openChain's, then decide's. Replay is the session's business.
 * @source PROTOCOL 4.3 to 4.11; RFC 9052 section 4.4
 */
export function verifyChain(chain: Uint8Array, ask: Ask, trust: Trust): Result<Verdict> {
  const open = openChain(chain, trust);
  return open.ok ? decide(open.value, ask, trust) : open;
}

/**
 * Decides one request under a chain whose signatures were checked when its session opened. The check is cheap, so it
 * runs for every request.
 * @returns The verdict, or in order: inForce's refusals; GRANT_FLEET; GRANT_FLASH or GRANT_RIGHT (some link lacks the
 *   right); then the caveats of each link from the grant on, in the order in which they stand.
 */
export function decide(open: OpenChain, ask: Ask, trust: Trust): Result<Verdict> {
  const standing = inForce(open, trust);
  if (!standing.ok) return standing;
  const audience = open.links[0]?.claims.audience;
  if (audience?.kind !== "device" && trust.claimed && !trust.fleetCalls && ask.right !== "flash") {
    return refuse("GRANT_FLEET");
  }
  for (const { claims } of open.links) {
    if ((rightsFor(claims.scope, ask.name) & RIGHT[ask.right]) === 0) {
      return refuse(ask.right === "flash" ? "GRANT_FLASH" : "GRANT_RIGHT");
    }
  }
  const counted: Uint8Array[] = [];
  for (let place = 0; place < open.links.length; place++) {
    const { claims, signer } = open.links[place] as OpenLink;
    const ages = claims.caveats.map((caveat) => (caveat.kind === "freshTime" ? caveat.ageS : Number.POSITIVE_INFINITY));
    const time = timeFor(trust, signer, Math.min(...ages));
    if (time.grade !== "trusted" && timeFor(trust, signer).grade === "trusted") return refuse("CAVEAT_TIME_OLD");
    for (const caveat of claims.caveats) {
      const fault = checkCaveat(caveat, claims.cti, ask, time, trust.zone);
      if (fault !== undefined) return refuse(fault);
    }
    if (claims.caveats.some(({ kind }) => kind === "rate" || kind === "uses")) counted.push(claims.cti);
  }
  const expiries = open.links.flatMap(({ claims }) => claims.expiresAtS ?? []);
  return ok({
    holder: open.holder,
    ctis: open.links.map(({ claims }) => claims.cti),
    counted,
    expiresAtS: expiries.length === 0 ? undefined : Math.min(...expiries),
  });
}

/**
 * Tells whether a chain still counts: asked when a session opens, and before each call.
 * @returns The chain, or for each link from the grant on: GRANT_EPOCH (below the floor of the key that signed it),
 *   GRANT_RESOLD (a former owner's), GRANT_REVOKED (by an issuer, or by a holder above it), GRANT_EXPIRED (as far as the time is known).
 * @source PROTOCOL 4.7, 4.11
 */
export function inForce(open: OpenChain, trust: Trust): Result<OpenChain> {
  const revokers = trust.issuers.map((issuer) => issuer.publicKey);
  for (let place = 0; place < open.links.length; place++) {
    const { claims, signer } = open.links[place] as OpenLink;
    if (claims.epoch < entryOf(trust.revocations, signer).floor) return refuse("GRANT_EPOCH");
    if (place === 0 && isFromBeforeResale(open, trust)) return refuse("GRANT_RESOLD");
    // A holder's list applies to the links beneath the holder's own link; an issuer's list applies to every link.
    if (isRevokedBy(trust.revocations, revokers, claims.cti)) return refuse("GRANT_REVOKED");
    revokers.push(claims.holder);
    const time = timeFor(trust, signer);
    if (isOver(claims.expiresAtS, time)) return refuse("GRANT_EXPIRED");
    // A wrong hint may end a guest's key until the power goes, but never the grant that came with the card.
    if (
      place > 0 &&
      time.grade !== "trusted" &&
      (trust.hintS ?? 0) >= (claims.expiresAtS ?? Number.POSITIVE_INFINITY)
    ) {
      return refuse("GRANT_EXPIRED");
    }
  }
  return ok(open);
}

/** A grant that the unit signed at its last resale is as old as that; its older ones end by its floor too (trust/grants/resale.ts). */
function isFromBeforeResale({ links }: OpenChain, trust: Trust): boolean {
  const { claims } = links[0] as OpenLink;
  if (trust.resoldAtS === undefined || claims.audience?.kind !== "device") return false;
  return (claims.issuedAtS ?? 0) < trust.resoldAtS;
}

/**
 * Names what a refusal with GRANT_EXPIRED has taught the unit: the key that signed the first link which a trusted time, not
 * yet a floor, shows to be over, and the second at which it ended. The unit stores that before it answers, so that the
 * link does not come back to life when the power goes (PROTOCOL 4.10). The grant itself is left to the maker's floor.
 */
export function learnedExpiry(
  open: OpenChain,
  trust: Trust,
): { readonly link: number; readonly key: Uint8Array; readonly floorS: number } | undefined {
  for (let link = 1; link < open.links.length; link++) {
    const { claims, signer } = open.links[link] as OpenLink;
    const floorS = claims.expiresAtS;
    if (floorS === undefined || !isOver(floorS, timeFor(trust, signer))) continue;
    return (vouchedBy(trust, signer)?.floorS ?? 0) < floorS ? { link, key: signer, floorS } : undefined;
  }
  return undefined;
}

function vouchedBy(trust: Trust, signer: Uint8Array): Vouched | undefined {
  return trust.vouched?.find(({ key }) => equal(key, signer));
}

/**
 * What counts as the time for the links of one signer: the unit's own trusted time where it has one; else the signer's word;
 * else what is known not to lie ahead. A trusted time over a nonce of more than `ageMaxS` seconds ago is no more than a floor.
 */
function timeFor(trust: Trust, signer: Uint8Array, ageMaxS = Number.POSITIVE_INFINITY): Time {
  const vouched = vouchedBy(trust, signer);
  let earliestS = vouched?.floorS;
  for (const time of [trust.time, vouched?.time]) {
    if (time === undefined || time.grade === "unknown") continue;
    if (time.grade === "trusted" && (time.ageS ?? Number.POSITIVE_INFINITY) <= ageMaxS) return time;
    earliestS = Math.max(earliestS ?? 0, time.earliestS);
  }
  return earliestS === undefined ? { grade: "unknown" } : { grade: "floor", earliestS };
}

/** An exp holds until the unit knows better: a floor at or beyond it, or a trusted interval that reaches to it. */
function isOver(expiresAtS: number | undefined, time: Time): boolean {
  if (expiresAtS === undefined || time.grade === "unknown") return false;
  return (time.grade === "trusted" ? time.latestS : time.earliestS) >= expiresAtS;
}
