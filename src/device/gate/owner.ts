/**
 * Ownership of the unit: claim, consent, resale, reissue and reset. A thief of the unit gains nothing by any of them.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { readZone } from "#codec/posix-tz.ts";
import { isCloud, moveCloud } from "#device/link/cloud.ts";
import type { Effect } from "#device/machine.ts";
import type { Place, StoredResale } from "#device/store/codecs.ts";
import type { Facts } from "#device/store/facts.ts";
import { forget, remember } from "#device/store/store.ts";
import { clearLog } from "#device/unit-log.ts";
import type { OpenChain } from "#trust/grants/open-chain.ts";
import { resell, withoutGuests } from "#trust/grants/resale.ts";
import { encodeRevocations, entryOf, type RevocationList } from "#trust/grants/revocations.ts";
import { inForce } from "#trust/grants/verify-grant.ts";
import { timeAt } from "#trust/time-floor.ts";
import { readChain, readGrant } from "#wire/grants/grant.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { ACT } from "#wire/sessions/audit.ts";
import { DIAGNOSTICS } from "#wire/sessions/unit-log.ts";
import { decideAsk } from "./ask.ts";
import type { Origin } from "./endpoint.ts";
import { type Memory, ownersChain, trustOf } from "./memory.ts";
import { rememberSigners } from "./signer-times.ts";
import { buttonHeldMs, mayWrite, note, type Session, type StepContext } from "./state.ts";

/** The button must be held for this long to hand the unit over, and for that long to reset it. */
const RESALE_HOLD_MS = 3_000;
export const RESET_HOLD_MS = 10_000;

/** Stores what is now remembered of revocation, and ends the sessions that it ends. */
export function rememberRevocations(context: StepContext, revocations: RevocationList): void {
  const { options, memory, state, nowMs, effects } = context;
  const risen = memory.signers.filter(
    ({ key, floorS }) =>
      floorS !== undefined && entryOf(revocations, key).floor > entryOf(memory.revocations, key).floor,
  );
  memory.revocations = revocations;
  // What can't be read stays as it is: written anew, it would give back what it revoked.
  if (!memory.facts.unreadable.has("revocations")) effects.push(remember("revocations", revocations));
  // A risen floor has ended every link that was judged by the key's time so far: a wrong clock does no harm to later ones.
  for (const signer of risen) signer.floorS = undefined;
  if (risen.length > 0) effects.push(rememberSigners(memory.signers));
  const trust = trustOf(options.crypto, memory, nowMs);
  const { open } = state.table;
  for (let i = open.length - 1; i >= 0; i--) if (!inForce((open[i] as Session).chain, trust).ok) open.splice(i, 1);
}

/** The owner's first session claims the unit: from then on fleet and product grants need the owner's consent. */
export function claim({ memory, effects }: StepContext): void {
  if (memory.claimed) return;
  memory.claimed = true;
  effects.push(remember("claimed", true));
}

/** The owner says whether fleet and product grants may call functions. */
export function agree(context: StepContext, session: Session, agreed: boolean, origin: Origin): Result<Cbor> {
  const allowed = asOwner(context, session, origin, true);
  if (!allowed.ok) return allowed;
  context.memory.fleetCalls = agreed;
  context.effects.push(agreed ? remember("fleetCalls", true) : forget("fleetCalls"));
  return ok(null);
}

/** Stores the air key of a reissued card, which only the owner's phone can send. */
export function installAirKey(
  context: StepContext,
  session: Session,
  airKey: Uint8Array,
  origin: Origin,
): Result<Cbor> {
  const allowed = asOwner(context, session, origin, true);
  if (allowed.ok) context.effects.push(remember("airKey", airKey));
  return allowed;
}

/** Remembers where the unit is, or forgets it: what was said by the one owner is no word of the next. */
export function setPlace({ memory, effects }: StepContext, place: Place | undefined): void {
  memory.place = place;
  effects.push(place === undefined ? forget("place") : remember("place", place));
}

/**
 * The owner says where the unit's cloud is: the maker moved it, or somebody else runs one now. The link connects there at
 * once. Releases, time and grants are still held against the maker's keys.
 * @returns SESSION_OWNER, a refusal of the config right, SESSION_CLOUD for an address that no unit can use.
 */
export function moveTo(
  context: StepContext,
  session: Session,
  { address, tls }: { readonly address: Uint8Array; readonly tls: Uint8Array },
  origin: Origin,
): Result<Cbor> {
  const isBack = address.length === 0 && tls.length === 0;
  if (session.isOwner && !isBack && !isCloud(address, tls)) return refuse("SESSION_CLOUD");
  const allowed = asOwner(context, session, origin, true);
  if (allowed.ok) context.effects.push(...moveCloud(isBack ? undefined : { address, tls }));
  return allowed;
}

/** The owner says what the maker sees of a crash (app-reporter.ts). */
export function setDiagnostics(context: StepContext, session: Session, level: number, origin: Origin): Result<Cbor> {
  if (DIAGNOSTICS[level] === undefined) return refuse("SESSION_REQUEST");
  const allowed = asOwner(context, session, origin, true);
  if (allowed.ok) context.effects.push(remember("diagnostics", level));
  return allowed;
}

/** Remembers the zone where the unit is, or forgets it. Only the owner may, since hours of guests' keys follow it. */
export function setZone(
  context: StepContext,
  session: Session,
  rule: string | undefined,
  origin: Origin,
): Result<Cbor> {
  const zone = rule === undefined ? undefined : readZone(rule);
  if (zone?.ok === false) return zone;
  const allowed = asOwner(context, session, origin, true);
  if (allowed.ok) rememberZone(context, zone && { rule: rule as string, zone: zone.value });
  return allowed;
}

function rememberZone({ memory, effects }: StepContext, zone: Memory["zone"]): void {
  memory.zone = zone;
  effects.push(zone === undefined ? forget("zone") : remember("zone", zone));
}

/** @param isPaced Whether it takes one of the turns to write; what wants the button has a pace by that. */
function asOwner(context: StepContext, session: Session, origin: Origin, isPaced = false): Result<Cbor> {
  if (!session.isOwner) return refuse("SESSION_OWNER");
  const verdict = decideAsk(context, session, "config", origin);
  if (!verdict.ok) return verdict;
  return isPaced && !mayWrite(context, session) ? refuse("SESSION_RATE") : ok(null);
}

/**
 * Passes the unit on to the holder of a new card. The unit signs the new owner's grant; all links beneath the old
 * grant end.
 * @returns The new grant; SESSION_OWNER, a refusal of the config right, or SESSION_BUTTON.
 * @source PROTOCOL 4.13, 5.30
 */
export function passOn(
  context: StepContext,
  session: Session,
  next: { readonly holder: Uint8Array; readonly airKey: Uint8Array },
  origin: Origin,
): Result<Cbor> {
  const { options, memory, state, nowMs, effects } = context;
  const allowed = asOwner(context, session, origin);
  if (!allowed.ok) return allowed;
  if (buttonHeldMs(context) < RESALE_HOLD_MS) return refuse("SESSION_BUTTON");
  clearLog();
  // One press, one sale.
  state.button = undefined;
  const unit = {
    publicKey: memory.publicKey,
    sign: (message: Uint8Array) => options.crypto.ed25519Sign(message, memory.seed),
  };
  const known = { revocations: memory.revocations, time: timeAt(memory.time, nowMs) };
  const cti = options.crypto.random(8);
  const resold = resell(unit, session.chain, { holder: next.holder, cti }, known);
  const { grant, resoldAtS } = resold;
  const revocations = encodeRevocations(resold.revocations);
  const resale = { grant, airKey: next.airKey, revocations, resoldAtS };
  effects.push(remember("resale", resale), ...writesOf(memory.facts, resale, resold.revocations));
  const owner = readGrant(grant);
  memory.owner = owner.ok ? owner.value : undefined;
  memory.resoldAtS = resold.resoldAtS;
  // Whom the former owner agreed to is not for the next one to put up with.
  memory.fleetCalls = false;
  memory.place = undefined;
  memory.zone = undefined;
  rememberRevocations(context, resold.revocations);
  return ok(resold.grant);
}

/**
 * The writes of a resale. The first holds all of them, so that a unit which loses power in between finishes when it
 * starts again: it belongs to the one or to the other, never to both or none.
 */
function writesOf({ unreadable }: Facts, resale: StoredResale, revocations: RevocationList): readonly Effect[] {
  return [
    ...(unreadable.has("revocations") ? [] : [remember("revocations", revocations)]),
    remember("resoldAt", resale.resoldAtS),
    remember("airKey", resale.airKey),
    remember("ownerGrant", resale.grant),
    forget("fleetCalls"),
    forget("place"),
    forget("zone"),
    forget("appSettings"),
    forget("appState"),
    forget("appCrash"),
    forget("diagnostics"),
    ...moveCloud(undefined),
    forget("resale"),
  ];
}

/**
 * What is still to be written of a resale that lost power or met flash that failed; nothing, as a rule. Until then its
 * record stands for these values (store/store.ts), and nothing else may be written before them.
 */
export function resumeResale(facts: Facts): readonly Effect[] {
  const { resale, revocations } = facts;
  return resale === undefined || revocations === undefined ? [] : writesOf(facts, resale, revocations);
}

/**
 * Reissue of a lost card: when the owner's grant is over, the maker's new one for this unit takes its place with the
 * first session that shows it. While the owner's grant is in force, nobody's takes its place.
 * @source PROTOCOL 4.14, 5.31
 */
export function adoptReissued(
  { options, memory, nowMs, effects }: StepContext,
  chain: OpenChain,
  bytes: Uint8Array,
): void {
  const [grant, child] = chain.links;
  if (grant === undefined || child !== undefined || bytes.length === 0) return;
  const old = ownersChain(memory);
  if (old.ok && inForce(old.value, trustOf(options.crypto, memory, nowMs)).ok) return;
  const rights = rightsFor(grant.claims.scope, undefined);
  const isWhole = (rights & RIGHT.config) !== 0 && (rights & RIGHT.delegate) !== 0;
  const links = readChain(bytes);
  if (!isWhole || grant.claims.audience?.kind !== "device" || !links.ok) return;
  // What was issued before the card that is lost is no card for it.
  if ((grant.claims.issuedAtS ?? 0) < (memory.owner?.claims.issuedAtS ?? 0)) return;
  memory.owner = links.value[0];
  memory.fleetCalls = false;
  const value = (links.value[0] as { bytes: Uint8Array }).bytes;
  effects.push(forget("fleetCalls"), remember("ownerGrant", value));
}

/**
 * Resets the unit after its button was held for ten seconds: the owner's floor rises, which ends every guest; sessions
 * end; consent to fleet grants is revoked; the other machines forget their data. Owner, keys, floors and counts of
 * uses stay.
 */
export function reset(context: StepContext): void {
  const { memory, state, effects } = context;
  note(context, ACT.reset, undefined, undefined, true);
  state.table.open.length = 0;
  state.table.half.length = 0;
  memory.fleetCalls = false;
  effects.push(forget("fleetCalls"));
  setPlace(context, undefined);
  effects.push(
    ...moveCloud(undefined),
    forget("appSettings"),
    forget("appState"),
    forget("appCrash"),
    forget("diagnostics"),
  );
  clearLog();
  rememberZone(context, undefined);
  if (memory.owner !== undefined) {
    rememberRevocations(context, withoutGuests(memory.revocations, memory.owner.claims.holder));
  }
  effects.push({ kind: "emit", event: { kind: "reset" } });
}
