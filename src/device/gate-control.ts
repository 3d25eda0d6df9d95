/** What a session asks of the unit itself: its log, its owner's will, its next owner. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { issueGrant } from "#trust/mint.ts";
import { OWN_KID } from "#trust/open-chain.ts";
import { ENTRIES_MAX, encodeRevocations, entryOf, type RevocationEntry } from "#trust/revocations.ts";
import { inForce } from "#trust/verify-grant.ts";
import { RIGHT, rightsFor } from "#wire/scope.ts";
import type { SessionRequest } from "#wire/session.ts";
import { OWN, PROVISIONED } from "#wire/stored-names.ts";
import { auditFrom } from "./audit-log.ts";
import { decideAsk } from "./gate-ask.ts";
import type { Origin } from "./gate-door.ts";
import { readOwner, trustOf } from "./gate-memory.ts";
import { buttonHeldMs, type Moment, type Session } from "./gate-state.ts";
import type { Effect, Stored } from "./machine.ts";

const NOTHING = new Uint8Array(0);
/** Entries of the log in one answer. */
const AUDIT_ENTRIES_AT_ONCE = 32;
/** The button must be held for this long to hand the unit over; ten seconds would reset it. */
export const RESALE_HOLD_MS = 3_000;

type ControlRequest = Exclude<SessionRequest, { op: "call" | "describe" | "events" }>;

/**
 * Does what concerns the unit.
 * @returns Null or a value. Refusals: GRANT_* and CAVEAT_* where a right is needed, SESSION_OWNER where only the owner's
 *          own session will do, SESSION_BUTTON, SESSION_FLOOR, and those of what was carried in.
 * @source PROTOCOL 5.22 to 5.31
 */
export function control(moment: Moment, session: Session, request: ControlRequest, origin: Origin): Result<Cbor> {
  switch (request.op) {
    case "audit": {
      const verdict = decideAsk(moment, session, "config", origin);
      return verdict.ok ? ok(auditFrom(moment.state.audit, request.from, AUDIT_ENTRIES_AT_ONCE)) : verdict;
    }
    case "raise-floor":
      return raiseFloor(moment, session, request.epoch);
    case "grant":
      return session.isOwner ? ok(moment.memory.owner?.bytes ?? NOTHING) : refuse("SESSION_OWNER");
    case "agree":
      return agree(moment, session, request.agreed, origin);
    case "resale":
      return resell(moment, session, request.holder, request.airKey, origin);
    case "air-key":
      return installAirKey(moment, session, request.airKey, origin);
    default:
      return refuse("SESSION_REQUEST");
  }
}

/** Stores what is now remembered of revocation, and ends the sessions that it ends. */
function revoke(moment: Moment, revocations: readonly RevocationEntry[]): void {
  const { options, memory, state, nowMs, effects } = moment;
  memory.revocations = revocations;
  effects.push({ kind: "store", name: OWN.revocations, value: encodeRevocations(revocations) });
  const trust = trustOf(options.crypto, memory, nowMs);
  const { open } = state.table;
  for (let i = open.length - 1; i >= 0; i--) if (!inForce((open[i] as Session).chain, trust).ok) open.splice(i, 1);
}

/** The entry with its floor at an epoch; a floor that has risen revokes all that its list named. */
function withFloor(entry: RevocationEntry, floor: number): RevocationEntry {
  return { ...entry, floor, revoked: NOTHING };
}

function replace(moment: Moment, entry: RevocationEntry): readonly RevocationEntry[] {
  return [...moment.memory.revocations.filter(({ key }) => !equal(key, entry.key)), entry];
}

/** A holder ends all that he ever minted on this unit; his own link, and paper, stay good. */
function raiseFloor(moment: Moment, session: Session, epoch: number): Result<Cbor> {
  const { memory } = moment;
  const last = session.chain.links[session.chain.links.length - 1];
  if (last === undefined || (rightsFor(last.claims.scope, undefined) & RIGHT.delegate) === 0)
    return refuse("GRANT_RIGHT");
  const entry = entryOf(memory.revocations, session.holder);
  if (epoch !== entry.floor + 1) return refuse("SESSION_FLOOR");
  const entries = replace(moment, withFloor(entry, epoch));
  const isNew = entries.length > memory.revocations.length;
  if (isNew && entries.length > ENTRIES_MAX - memory.issuers.length) return refuse("REVOCATION_FULL");
  revoke(moment, entries);
  return ok(epoch);
}

function agree(moment: Moment, session: Session, agreed: boolean, origin: Origin): Result<Cbor> {
  if (!session.isOwner) return refuse("SESSION_OWNER");
  const verdict = decideAsk(moment, session, "config", origin);
  if (!verdict.ok) return verdict;
  moment.memory.fleetCalls = agreed;
  const { fleetCalls: name } = OWN;
  moment.effects.push(agreed ? { kind: "store", name, value: NOTHING } : { kind: "forget", name });
  return ok(null);
}

/**
 * Hands the unit to the holder of a new card: the unit itself signs his grant, with the rights of the old one, and
 * forgets the old air key. What hung beneath the old grant ends with it.
 */
function resell(
  moment: Moment,
  session: Session,
  holder: Uint8Array,
  airKey: Uint8Array,
  origin: Origin,
): Result<Cbor> {
  const { options, memory, state, effects } = moment;
  const { owner } = memory;
  if (!session.isOwner || owner === undefined) return refuse("SESSION_OWNER");
  const verdict = decideAsk(moment, session, "config", origin);
  if (!verdict.ok) return verdict;
  if (buttonHeldMs(moment) < RESALE_HOLD_MS) return refuse("SESSION_BUTTON");
  // One press, one sale.
  state.button = undefined;
  const own = entryOf(memory.revocations, memory.publicKey);
  const floor = own.floor + 1;
  const signer = {
    kid: OWN_KID,
    publicKey: memory.publicKey,
    sign: (message: Uint8Array) => options.crypto.ed25519Sign(message, memory.seed),
  };
  const grant = issueGrant(signer, {
    audience: { kind: "device", id: memory.id },
    issuedAtS: memory.time.floorS ?? 0,
    cti: options.crypto.random(8),
    holder,
    scope: owner.claims.scope,
    epoch: floor,
    caveats: owner.claims.caveats,
  });
  // An older grant of our own falls below the floor; the maker's is revoked by its number, under our own key.
  const isOwn = equal(owner.signed.kid ?? NOTHING, OWN_KID);
  const revocations = replace(moment, { ...withFloor(own, floor), revoked: isOwn ? NOTHING : owner.claims.cti });
  effects.push(...completeResale(grant, airKey, encodeRevocations(revocations)));
  memory.owner = readOwner(grant);
  revoke(moment, revocations);
  return ok(grant);
}

/**
 * The writes of a resale. The first holds all of them, so that a unit which loses power in between finishes when it
 * starts again: it belongs to the one or to the other, never to both or none.
 */
function completeResale(grant: Uint8Array, airKey: Uint8Array, revocations: Uint8Array): readonly Effect[] {
  return [
    { kind: "store", name: OWN.resale, value: encodeCbor([grant, airKey, revocations]) },
    { kind: "store", name: OWN.revocations, value: revocations },
    { kind: "store", name: PROVISIONED.airKey, value: airKey },
    { kind: "store", name: PROVISIONED.ownerGrant, value: grant },
    { kind: "forget", name: OWN.resale },
  ];
}

/** What a start has to finish of a resale that lost power; nothing, as a rule. */
export function resumeResale(stored: Stored): readonly Effect[] {
  const item = decodeCbor(stored.get(OWN.resale) ?? NOTHING);
  const [grant, airKey, revocations] = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const isWhole = grant instanceof Uint8Array && airKey instanceof Uint8Array && revocations instanceof Uint8Array;
  return isWhole ? completeResale(grant, airKey, revocations) : [];
}

/** After a reissue the owner has another card, whose air key only his phone can tell. */
function installAirKey(moment: Moment, session: Session, airKey: Uint8Array, origin: Origin): Result<Cbor> {
  if (!session.isOwner) return refuse("SESSION_OWNER");
  const verdict = decideAsk(moment, session, "config", origin);
  if (!verdict.ok) return verdict;
  moment.effects.push({ kind: "store", name: PROVISIONED.airKey, value: airKey });
  return ok(null);
}
