/** The facts that authorization depends on: identity, owner, revocations, counters, time. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type CloudChoice, cloudOf } from "#device/link/cloud.ts";
import type { Place, StoredUse, StoredZone } from "#device/store/codecs.ts";
import type { Facts } from "#device/store/facts.ts";
import { isProvisioned } from "#device/store/store.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { type GrantIssuer, type OpenChain, OWN_KID } from "#trust/grants/open-chain.ts";
import type { RevocationList } from "#trust/grants/revocations.ts";
import type { Trust } from "#trust/grants/verify-grant.ts";
import type { Primitives } from "#trust/primitives.ts";
import { startTime, type TimeState, timeAt } from "#trust/time-floor.ts";
import { encodeClaims, type Link } from "#wire/grants/grant.ts";
import { TIME_KID } from "#wire/grants/signed-time.ts";
import type { NonceKey } from "./nonce.ts";
import { type SignerTime, vouchedAt } from "./signer-times.ts";

/** How often a link was used (usage.ts). */
interface Counted {
  /** First 8 bytes of SHA-256 over the signer's key and the cti. */
  readonly link: Uint8Array;
  /** Neither the owner nor an issuer signed it. */
  readonly isDeep: boolean;
  uses: number;
  /** Board milliseconds of the recent uses; those before the start count as if at the start. */
  readonly recentMs: number[];
}

export interface Memory extends NonceKey {
  /** What the flash holds. */
  readonly facts: Facts;
  readonly id: Uint8Array;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly product: string;
  readonly fleet: string;
  readonly issuers: readonly GrantIssuer[];
  /** The owner's grant as stored, with what it says. */
  owner: Link | undefined;
  claimed: boolean;
  fleetCalls: boolean;
  revocations: RevocationList;
  time: TimeState;
  /** What signers of links have said about the time. */
  readonly signers: SignerTime[];
  /** Where the unit is by the clock, as its owner said. */
  zone: StoredZone | undefined;
  /** What a card-holder's broadcast said the time was, and when: gone with the power. */
  hint: { readonly atS: number; readonly atMs: number } | undefined;
  /** What an SNTP server said the time was, and when: the audit log notes it, and nothing is decided by it. */
  guess: { readonly atS: number; readonly atMs: number } | undefined;
  /** The maker's keys for signed time. */
  readonly timeKeys: readonly GrantIssuer[];
  /** When the unit was last passed on by its owner. */
  resoldAtS: number | undefined;
  readonly counted: Counted[];
  /** The address of the unit's cloud, where remote callers reach it. Its owner may move it. */
  cloud: CloudChoice;
  /** Where it is, as somebody with the config right said. */
  place: Place | undefined;
}

/** The issuers that the factory pinned, and the unit itself for what it signs at a resale. */
function issuersOf({ issuers }: Facts, publicKey: Uint8Array): readonly GrantIssuer[] {
  const own: GrantIssuer = { kid: OWN_KID, publicKey };
  return [own, ...[...(issuers ?? [])].map(([kid, key]) => ({ kid: Uint8Array.of(kid), publicKey: key }))];
}

/** What of the memory is as the flash holds it; read again when a write failed, since the flash is what counts. */
function storedPart(facts: Facts) {
  const { ownerGrant, claimed, fleetCalls, revocations, resoldAt, place, zone, unreadable } = facts;
  // Unreadable: whatever issuers signed before the owner's grant may be a former owner's.
  const latestS = ownerGrant?.claims.issuedAtS ?? Number.POSITIVE_INFINITY;
  return {
    owner: ownerGrant,
    claimed: claimed === true,
    fleetCalls: fleetCalls === true,
    revocations: revocations ?? [],
    resoldAtS: unreadable.has("resoldAt") ? latestS : resoldAt,
    place,
    zone,
    cloud: cloudOf(facts),
  };
}

/** What was stored, at the start. */
function countedFrom(usage: readonly StoredUse[], nowMs: number): Counted[] {
  return usage.map(({ link, isDeep, uses, recent }) => {
    return { link, isDeep, uses, recentMs: new Array<number>(recent).fill(nowMs) };
  });
}

/**
 * The memory of a unit at its start.
 * @param buildS When the running image was built, Unix seconds: the present is not before.
 * @returns undefined for a bare unit, which has no one to answer to yet.
 */
export function openMemory(
  primitives: Primitives,
  facts: Facts,
  buildS: number | undefined,
  nowMs: number,
): Memory | undefined {
  const { key: seed, timeKey, usage = [] } = facts;
  if (seed === undefined || !isProvisioned(facts)) return undefined;
  const publicKey = primitives.ed25519PublicKey(seed);
  return {
    ...storedPart(facts),
    facts,
    id: deviceIdOf(primitives, publicKey),
    seed,
    publicKey,
    product: facts.product ?? "",
    fleet: facts.fleet ?? "",
    issuers: issuersOf(facts, publicKey),
    nonceKey: primitives.random(32),
    time: startTime(buildS, facts.timeFloor),
    signers: (facts.signerTimes ?? []).map(({ key, floorS }) => ({ key, isDeep: false, floorS, signed: undefined })),
    hint: undefined,
    guess: undefined,
    timeKeys: timeKey === undefined ? [] : [{ kid: TIME_KID, publicKey: timeKey }],
    counted: countedFrom(usage, nowMs),
  };
}

/** Makes the memory what the flash holds. Counts of uses stay: they may only be too high. */
export function rereadMemory(memory: Memory): void {
  Object.assign(memory, storedPart(memory.facts));
  memory.time = { ...memory.time, persistedS: memory.facts.timeFloor };
  for (const signer of memory.signers) {
    signer.floorS = memory.facts.signerTimes?.find(({ key }) => equal(key, signer.key))?.floorS;
  }
}

/** Without the floor that it knew, the unit can't tell which of the keys that end have ended: all, until the time is trusted. */
function hintOf({ hint, facts }: Memory, nowMs: number): { hintS?: number } {
  if (facts.unreadable.has("timeFloor") || facts.unreadable.has("signerTimes"))
    return { hintS: Number.POSITIVE_INFINITY };
  return hint === undefined ? {} : { hintS: hint.atS + Math.floor((nowMs - hint.atMs) / 1000) };
}

/** What a decision of this moment rests on. */
export function trustOf(primitives: Primitives, memory: Memory, nowMs: number): Trust {
  const { id, product, fleet, issuers, revocations, resoldAtS, claimed, fleetCalls } = memory;
  const time = timeAt(memory.time, nowMs);
  const vouched = vouchedAt(memory.signers, memory.time.floorS, nowMs);
  const known = { primitives, id, product, fleet, issuers, revocations, claimed, fleetCalls, time, vouched };
  return {
    ...known,
    ...(resoldAtS !== undefined && { resoldAtS }),
    ...hintOf(memory, nowMs),
    ...(memory.zone !== undefined && { zone: memory.zone.zone }),
    ...(memory.owner !== undefined && { known: memory.owner }),
  };
}

/**
 * The chain of the owner's own grant. Its signature isn't checked: whoever could put another grant into the unit's
 * memory could put in another issuer's key as well.
 */
export function ownersChain({ owner, issuers }: Memory): Result<OpenChain> {
  const signer = issuers.find(({ kid }) => owner?.signed.kid !== undefined && equal(kid, owner.signed.kid));
  if (owner === undefined || signer === undefined) return refuse("GRANT_ISSUER");
  return ok({ links: [{ claims: owner.claims, signer: signer.publicKey }], holder: owner.claims.holder });
}

/** Whether sessions open under this chain at all: where the revocations can't be read, it may be one of the revoked. */
export function mayOpen(memory: Memory, chain: OpenChain): boolean {
  return !memory.facts.unreadable.has("revocations") || isOwners(memory, chain);
}

/**
 * Tells whether a chain begins with the owner's own grant: the same key signed the same claims. Its number alone proves
 * nothing, since whoever signs another grant chooses that one's number.
 */
export function isOwnersBranch(memory: Memory, chain: OpenChain): boolean {
  const [grant] = chain.links;
  const owners = ownersChain(memory);
  const own = owners.ok ? owners.value.links[0] : undefined;
  if (grant === undefined || own === undefined || !equal(grant.signer, own.signer)) return false;
  return grant.claims === own.claims || equal(encodeClaims(grant.claims), encodeClaims(own.claims));
}

/** Tells whether a chain is the owner's own grant, and nothing beneath it. */
export function isOwners(memory: Memory, chain: OpenChain): boolean {
  return chain.links.length === 1 && isOwnersBranch(memory, chain);
}
