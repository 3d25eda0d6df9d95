/** Whose the unit is: claiming, the owner's will, resale, reissue and reset, each so that a thief gains nothing. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { isCloud, moveCloud } from "#device/link/cloud.ts";
import type { Effect, Stored } from "#device/machine.ts";
import type { OpenChain } from "#trust/grants/open-chain.ts";
import { resell, withoutGuests } from "#trust/grants/resale.ts";
import { encodeRevocations, type Revocations } from "#trust/grants/revocations.ts";
import { inForce } from "#trust/grants/verify-grant.ts";
import { timeAt } from "#trust/time-floor.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { readChain } from "#wire/grants/grant.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { ACT } from "#wire/sessions/audit.ts";
import { decideAsk } from "./ask.ts";
import type { Origin } from "./door.ts";
import { ownersChain, type Place, readOwner, trustOf } from "./memory.ts";
import { buttonHeldMs, type Moment, mayWrite, note, type Session } from "./state.ts";

const NOTHING = new Uint8Array(0);
/** The button must be held for this long to hand the unit over, and for that long to reset it. */
export const RESALE_HOLD_MS = 3_000;
export const RESET_HOLD_MS = 10_000;

/** Stores what is now remembered of revocation, and ends the sessions that it ends. */
export function rememberRevocations(moment: Moment, revocations: Revocations): void {
  const { options, memory, state, nowMs, effects } = moment;
  memory.revocations = revocations;
  effects.push({ kind: "store", name: OWN.revocations, value: encodeRevocations(revocations) });
  const trust = trustOf(options.crypto, memory, nowMs);
  const { open } = state.table;
  for (let i = open.length - 1; i >= 0; i--) if (!inForce((open[i] as Session).chain, trust).ok) open.splice(i, 1);
}

/** The owner's first session claims the unit: from then on fleet and product grants need his consent. */
export function claim({ memory, effects }: Moment): void {
  if (memory.claimed) return;
  memory.claimed = true;
  effects.push({ kind: "store", name: OWN.claimed, value: NOTHING });
}

/** The owner says whether fleet and product grants may call functions. */
export function agree(moment: Moment, session: Session, agreed: boolean, origin: Origin): Result<Cbor> {
  const allowed = asOwner(moment, session, origin, true);
  if (!allowed.ok) return allowed;
  moment.memory.fleetCalls = agreed;
  const name = OWN.fleetCalls;
  moment.effects.push(agreed ? { kind: "store", name, value: NOTHING } : { kind: "forget", name });
  return ok(null);
}

/** After a reissue the owner has another card, whose air key only his phone can tell. */
export function installAirKey(moment: Moment, session: Session, airKey: Uint8Array, origin: Origin): Result<Cbor> {
  const allowed = asOwner(moment, session, origin, true);
  if (allowed.ok) moment.effects.push({ kind: "store", name: PROVISIONED.airKey, value: airKey });
  return allowed;
}

/** Remembers where the unit is, or forgets it: what was said by the one owner is no word of the next. */
export function setPlace({ memory, effects }: Moment, place: Place | undefined): void {
  const name = OWN.place;
  memory.place = place;
  effects.push(place === undefined ? { kind: "forget", name } : { kind: "store", name, value: encodeCbor(place) });
}

/**
 * The owner says where the unit's cloud is: the maker moved it, or somebody else runs one now. The link connects there at
 * once. Releases, time and grants are still held against the maker's keys.
 * @returns SESSION_OWNER, a refusal of the config right, SESSION_CLOUD for an address that no unit can use.
 */
export function moveTo(
  moment: Moment,
  session: Session,
  { address, tls }: { readonly address: Uint8Array; readonly tls: Uint8Array },
  origin: Origin,
): Result<Cbor> {
  const isBack = address.length === 0 && tls.length === 0;
  if (session.isOwner && !isBack && !isCloud(address, tls)) return refuse("SESSION_CLOUD");
  const allowed = asOwner(moment, session, origin, true);
  if (allowed.ok) moment.effects.push(...moveCloud(isBack ? undefined : { address, tls }));
  return allowed;
}

/** @param isPaced Whether it takes one of the turns to write; what wants the button has a pace by that. */
function asOwner(moment: Moment, session: Session, origin: Origin, isPaced = false): Result<Cbor> {
  if (!session.isOwner) return refuse("SESSION_OWNER");
  const verdict = decideAsk(moment, session, "config", origin);
  if (!verdict.ok) return verdict;
  return isPaced && !mayWrite(moment, session) ? refuse("SESSION_RATE") : ok(null);
}

/**
 * Hands the unit to the holder of a new card. The unit itself signs his grant; all that hung beneath the old one ends.
 * @returns The new grant; SESSION_OWNER, a refusal of the config right, or SESSION_BUTTON.
 * @source PROTOCOL 4.13, 5.30
 */
export function passOn(
  moment: Moment,
  session: Session,
  next: { readonly holder: Uint8Array; readonly airKey: Uint8Array },
  origin: Origin,
): Result<Cbor> {
  const { options, memory, state, nowMs, effects } = moment;
  const allowed = asOwner(moment, session, origin);
  if (!allowed.ok) return allowed;
  if (buttonHeldMs(moment) < RESALE_HOLD_MS) return refuse("SESSION_BUTTON");
  // One press, one sale.
  state.button = undefined;
  const unit = {
    publicKey: memory.publicKey,
    sign: (message: Uint8Array) => options.crypto.ed25519Sign(message, memory.seed),
  };
  const known = { revocations: memory.revocations, time: timeAt(memory.time, nowMs) };
  const cti = options.crypto.random(8);
  const resold = resell(unit, session.chain, { holder: next.holder, cti }, known);
  effects.push(...writesOf(resold.grant, next.airKey, encodeRevocations(resold.revocations), resold.resoldAtS));
  memory.owner = readOwner(resold.grant);
  memory.resoldAtS = resold.resoldAtS;
  memory.place = undefined;
  rememberRevocations(moment, resold.revocations);
  return ok(resold.grant);
}

/**
 * The writes of a resale. The first holds all of them, so that a unit which loses power in between finishes when it
 * starts again: it belongs to the one or to the other, never to both or none.
 */
function writesOf(
  grant: Uint8Array,
  airKey: Uint8Array,
  revocations: Uint8Array,
  resoldAtS: number,
): readonly Effect[] {
  return [
    { kind: "store", name: OWN.resale, value: encodeCbor([grant, airKey, revocations, resoldAtS]) },
    { kind: "store", name: OWN.revocations, value: revocations },
    { kind: "store", name: OWN.resoldAt, value: encodeCbor(resoldAtS) },
    { kind: "store", name: PROVISIONED.airKey, value: airKey },
    { kind: "store", name: PROVISIONED.ownerGrant, value: grant },
    { kind: "forget", name: OWN.place },
    ...moveCloud(undefined),
    { kind: "forget", name: OWN.resale },
  ];
}

/** What a start has to finish of a resale that lost power; nothing, as a rule. */
export function resumeResale(stored: Stored): readonly Effect[] {
  const item = decodeCbor(stored.get(OWN.resale) ?? NOTHING);
  const fields = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const [grant, airKey, revocations, resoldAtS] = fields;
  if (!(grant instanceof Uint8Array) || !(airKey instanceof Uint8Array)) return [];
  if (!(revocations instanceof Uint8Array) || typeof resoldAtS !== "number") return [];
  return writesOf(grant, airKey, revocations, resoldAtS);
}

/**
 * Lost paper: when the owner's grant is over, the maker's new one for this unit takes its place with the first session
 * that shows it. While the owner's grant is in force, nobody's takes its place.
 * @source PROTOCOL 4.14, 5.31
 */
export function adoptReissued({ options, memory, nowMs, effects }: Moment, chain: OpenChain, bytes: Uint8Array): void {
  const [grant, child] = chain.links;
  if (grant === undefined || child !== undefined || bytes.length === 0) return;
  const old = ownersChain(memory);
  if (old.ok && inForce(old.value, trustOf(options.crypto, memory, nowMs)).ok) return;
  const rights = rightsFor(grant.claims.scope, undefined);
  const isWhole = (rights & RIGHT.config) !== 0 && (rights & RIGHT.delegate) !== 0;
  const links = readChain(bytes);
  if (!isWhole || grant.claims.audience?.kind !== "device" || !links.ok) return;
  memory.owner = links.value[0];
  const value = (links.value[0] as { bytes: Uint8Array }).bytes;
  effects.push({ kind: "store", name: PROVISIONED.ownerGrant, value });
}

/**
 * The button, held for ten seconds: the owner's floor rises, which ends every guest, sessions end, consent to fleet
 * grants is taken back, and the other machines forget theirs. Owner, keys, floors and counts of uses stay.
 */
export function reset(moment: Moment): void {
  const { memory, state, effects } = moment;
  note(moment, ACT.reset, undefined, undefined, true);
  state.table.open.length = 0;
  state.table.half.length = 0;
  memory.fleetCalls = false;
  effects.push({ kind: "forget", name: OWN.fleetCalls });
  setPlace(moment, undefined);
  effects.push(...moveCloud(undefined));
  if (memory.owner !== undefined) {
    rememberRevocations(moment, withoutGuests(memory.revocations, memory.owner.claims.holder));
  }
  effects.push({ kind: "emit", event: { kind: "reset" } });
}
