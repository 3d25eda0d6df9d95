/** What the gate holds for true when it decides: who it is, whose it is, what was revoked, what was used, the time. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { type CloudChoice, cloudOf } from "#device/link/cloud.ts";
import type { Effect, Stored } from "#device/machine.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Usage } from "#trust/grants/caveats.ts";
import { type Issuer, type OpenChain, OWN_KID } from "#trust/grants/open-chain.ts";
import { type Revocations, readRevocations } from "#trust/grants/revocations.ts";
import type { Trust, Vouched } from "#trust/grants/verify-grant.ts";
import type { Primitives } from "#trust/primitives.ts";
import { startTime, type TimeState, timeAt } from "#trust/time-floor.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { CTI_BYTES, type Link, readGrant } from "#wire/grants/grant.ts";
import { isPlace } from "#wire/sessions/session.ts";

/** Links whose use is counted. When all places are taken, further ones refuse: forgetting would give uses back. */
const COUNTED_MAX = 32;
/** Recent uses of a link that are remembered: as many as a rate caveat can ask for. */
const RECENT_MAX = 255;

/** The kid by which a signed time names the one key that the factory pinned for it. */
export const TIME_KID = Uint8Array.of(1);

interface Counted {
  readonly cti: Uint8Array;
  uses: number;
  /** Board milliseconds of the recent uses; those before the start count as if at the start. */
  readonly recentMs: number[];
}

export interface Memory {
  readonly id: Uint8Array;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly product: string;
  readonly fleet: string;
  readonly issuers: readonly Issuer[];
  /** The owner's grant as stored, with what it says. */
  owner: Link | undefined;
  claimed: boolean;
  fleetCalls: boolean;
  revocations: Revocations;
  time: TimeState;
  /** What a card-holder's broadcast said the time was, and when: gone with the power. */
  hint: { readonly atS: number; readonly atMs: number } | undefined;
  /** The maker's keys for signed time. */
  readonly timeKeys: readonly Issuer[];
  /** When the unit was last passed on by its owner. */
  resoldAtS: number | undefined;
  readonly counted: Counted[];
  /** Where its cloud is: callers away from home go there. Its owner may move it. */
  cloud: CloudChoice;
  /** Where it is, as somebody with the config right said. */
  place: Place | undefined;
}

/** Latitude and longitude in degrees times 100,000. */
export type Place = readonly [latitudeE5: number, longitudeE5: number];

function placeOf(stored: Stored): Place | undefined {
  const item = decodeCbor(stored.get(OWN.place) ?? new Uint8Array(0));
  return item.ok && isPlace(item.value) ? (item.value as unknown as Place) : undefined;
}

function textOf(stored: Stored, name: string): string {
  return fromUtf8(stored.get(name) ?? new Uint8Array(0)) ?? "";
}

export function secondOf(stored: Stored, name: string): number | undefined {
  const item = decodeCbor(stored.get(name) ?? new Uint8Array(0));
  return item.ok && typeof item.value === "number" ? item.value : undefined;
}

/** The issuers that the factory pinned, and the unit itself for what it signs at a resale. */
function issuersOf(stored: Stored, publicKey: Uint8Array): readonly Issuer[] {
  const item = decodeCbor(stored.get(PROVISIONED.issuers) ?? new Uint8Array(0));
  const issuers: Issuer[] = [{ kid: OWN_KID, publicKey }];
  for (const [kid, key] of item.ok && item.value instanceof Map ? item.value : []) {
    if (typeof kid === "number" && kid > 0 && kid < 256 && key instanceof Uint8Array && key.length === 32) {
      issuers.push({ kid: Uint8Array.of(kid), publicKey: key });
    }
  }
  return issuers;
}

export function readOwner(grant: Uint8Array | undefined): Link | undefined {
  const link = grant === undefined ? undefined : readGrant(grant);
  return link?.ok ? link.value : undefined;
}

function readCounted(stored: Uint8Array | undefined, nowMs: number): Counted[] {
  const item = decodeCbor(stored ?? new Uint8Array(0));
  const counted: Counted[] = [];
  for (const each of item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : []) {
    const [cti, uses, recent] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    if (!(cti instanceof Uint8Array) || typeof uses !== "number" || typeof recent !== "number") continue;
    counted.push({ cti: cti.slice(), uses, recentMs: new Array<number>(recent).fill(nowMs) });
  }
  return counted;
}

/**
 * Reads the memory of a unit.
 * @param buildS When the running image was built, Unix seconds: the present is not before.
 * @returns undefined for a bare unit, which has no one to answer to yet.
 */
export function openMemory(
  primitives: Primitives,
  stored: Stored,
  buildS: number | undefined,
  nowMs: number,
): Memory | undefined {
  const seed = stored.get(OWN.key);
  if (seed === undefined || stored.get(OWN.provisioned) === undefined) return undefined;
  const publicKey = primitives.ed25519PublicKey(seed);
  const revocations = readRevocations(stored.get(OWN.revocations) ?? encodeCbor([]));
  const timeKey = stored.get(PROVISIONED.timeKey);
  return {
    id: deviceIdOf(primitives, publicKey),
    seed,
    publicKey,
    product: textOf(stored, PROVISIONED.product),
    fleet: textOf(stored, PROVISIONED.fleet),
    issuers: issuersOf(stored, publicKey),
    owner: readOwner(stored.get(PROVISIONED.ownerGrant)),
    claimed: stored.get(OWN.claimed) !== undefined,
    fleetCalls: stored.get(OWN.fleetCalls) !== undefined,
    revocations: revocations.ok ? revocations.value : [],
    time: startTime(buildS, secondOf(stored, OWN.timeFloor)),
    hint: undefined,
    timeKeys: timeKey === undefined ? [] : [{ kid: TIME_KID, publicKey: timeKey }],
    resoldAtS: secondOf(stored, OWN.resoldAt),
    counted: readCounted(stored.get(OWN.usage), nowMs),
    cloud: cloudOf(stored),
    place: placeOf(stored),
  };
}

/** What a decision of this moment rests on. */
export function trustOf(
  primitives: Primitives,
  memory: Memory,
  nowMs: number,
  vouched: readonly Vouched[] = [],
): Trust {
  const { id, product, fleet, issuers, revocations, resoldAtS, claimed, fleetCalls } = memory;
  const time = timeAt(memory.time, nowMs);
  const known = { primitives, id, product, fleet, issuers, revocations, claimed, fleetCalls, time, vouched };
  return {
    ...known,
    ...(resoldAtS !== undefined && { resoldAtS }),
    ...(memory.hint !== undefined && { hintS: memory.hint.atS + Math.floor((nowMs - memory.hint.atMs) / 1000) }),
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

/** Tells whether a chain is the owner's own grant, and nothing beneath it. */
export function isOwners(memory: Memory, chain: OpenChain): boolean {
  const [grant, child] = chain.links;
  const { owner } = memory;
  return grant !== undefined && child === undefined && owner !== undefined && equal(grant.claims.cti, owner.claims.cti);
}

/** Where there is no room to count, nothing more may be used. */
const USED_UP: Usage = { uses: Number.MAX_SAFE_INTEGER, agesS: new Array<number>(RECENT_MAX).fill(0) };

/** How often a link was used. */
export function usageOf(memory: Memory, cti: Uint8Array, nowMs: number): Usage {
  const known = memory.counted.find((each) => equal(each.cti, cti));
  if (known === undefined) return memory.counted.length < COUNTED_MAX ? { uses: 0, agesS: [] } : USED_UP;
  return { uses: known.uses, agesS: known.recentMs.map((atMs) => (nowMs - atMs) / 1000) };
}

/** Counts one use of each of these links, and stores the counts before anything is done with the use. */
export function countUses(memory: Memory, ctis: readonly Uint8Array[], nowMs: number): readonly Effect[] {
  if (ctis.length === 0) return [];
  for (const cti of ctis) {
    let entry = memory.counted.find((each) => equal(each.cti, cti));
    if (entry === undefined) {
      entry = { cti: cti.slice(0, CTI_BYTES), uses: 0, recentMs: [] };
      memory.counted.push(entry);
    }
    entry.uses++;
    entry.recentMs.push(nowMs);
    if (entry.recentMs.length > RECENT_MAX) entry.recentMs.shift();
  }
  const value = encodeCbor(memory.counted.map(({ cti, uses, recentMs }) => [cti, uses, recentMs.length]));
  return [{ kind: "store", name: OWN.usage, value }];
}
