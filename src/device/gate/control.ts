/**
 * Handles a session's requests to the unit itself: its log, its nonce, statements, updates, and the owner's
 * decisions.
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { linesAfter } from "#device/unit-log.ts";
import { checkDischarge } from "#trust/grants/discharge.ts";
import { entryOf, isRevokedBy } from "#trust/grants/revocations.ts";
import { applyDelivery, roomFor } from "#trust/grants/revoke.ts";
import { inForce } from "#trust/grants/verify-grant.ts";
import { isCtis, joinCtis, splitCtis } from "#wire/grants/revocation.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { readPeer } from "#wire/sessions/peer.ts";
import type { SessionRequest } from "#wire/sessions/session.ts";
import { decideAsk, lacked } from "./ask.ts";
import { auditFrom } from "./audit-log.ts";
import type { Origin } from "./endpoint.ts";
import { isOwnersBranch, trustOf } from "./memory.ts";
import { issueNonce } from "./nonce.ts";
import {
  agree,
  installAirKey,
  moveTo,
  passOn,
  rememberRevocations,
  setDiagnostics,
  setPlace,
  setZone,
} from "./owner.ts";
import { auditOf, mayWrite, type Session, type StepContext } from "./state.ts";
import { takeTime, takeVouch, wantedOf } from "./time.ts";

const NOTHING = new Uint8Array(0);
/** Entries of the log in one answer. */
const AUDIT_ENTRIES_AT_ONCE = 32;

type ControlRequest = Exclude<SessionRequest, { op: "call" | "describe" | "description" | "events" | "close" }>;

/**
 * Does what concerns the unit.
 * @returns Null or a value. Refusals: those of a chain that isn't in force any more; GRANT_* and CAVEAT_* where a right is
 *          needed; SESSION_OWNER where only the owner's own session will do; SESSION_BUTTON, SESSION_FLOOR, SESSION_NONCE,
 *          SESSION_RATE; those of what was carried in.
 * @source PROTOCOL 5.22 to 5.31
 */
export function control(context: StepContext, session: Session, request: ControlRequest, origin: Origin): Result<Cbor> {
  const standing = inForce(session.chain, trustOf(context.options.crypto, context.memory, context.nowMs));
  if (!standing.ok) {
    lacked(context, session, standing.fault);
    return standing;
  }
  switch (request.op) {
    case "nonce": {
      const bytes = issueNonce(context.options.crypto, context.memory, context.nowMs);
      session.nonce = { bytes, atMs: context.nowMs };
      return ok(bytes);
    }
    case "time":
      return takeTime(context, request.statement);
    case "vouch":
      return takeVouch(context, session, request.link, request.statement);
    case "discharge":
      return takeDischarge(context, session, request.statement);
    case "revoke":
      return takeDelivery(context, request.delivery, session);
    case "revoked":
      return revokedOf(context, session, request.ctis);
    case "raise-floor":
      return raiseFloor(context, session, request.epoch);
    case "audit": {
      const verdict = decideAsk(context, session, "config", origin);
      if (!verdict.ok) return verdict;
      const { crypto, audit } = context.options;
      return ok(auditFrom(crypto, audit, auditOf(context), request.from, AUDIT_ENTRIES_AT_ONCE));
    }
    case "logs":
    case "crash": {
      const verdict = decideAsk(context, session, "config", origin);
      if (!verdict.ok) return verdict;
      return ok(request.op === "logs" ? linesAfter(request.after) : (context.memory.facts.appCrash ?? null));
    }
    case "update": {
      // The owner says yes to what the maker offers, whatever rights the card has: the maker installs it.
      const verdict = decideAsk(context, session, session.isOwner ? "config" : "flash", origin);
      if (!verdict.ok) return verdict;
      const { sequence } = request;
      const isOwners = speaksForOwner(context, session);
      context.effects.push({ kind: "emit", event: { kind: "update-approved", sequence, isOwners } });
      return ok(null);
    }
    case "carry": {
      const verdict = decideAsk(context, session, "flash", origin);
      if (!verdict.ok) return verdict;
      const { signed, from } = request;
      if (readPeer(from) === undefined) return refuse("SESSION_REQUEST");
      const isOwners = speaksForOwner(context, session);
      context.effects.push({ kind: "emit", event: { kind: "carried-release", signed, from, isOwners } });
      return ok(null);
    }
    case "grant":
      return session.isOwner ? ok(context.memory.owner?.bytes ?? NOTHING) : refuse("SESSION_OWNER");
    case "agree":
      return agree(context, session, request.agreed, origin);
    case "resale":
      return passOn(context, session, request, origin);
    case "air-key":
      return installAirKey(context, session, request.airKey, origin);
    case "cloud":
      return moveTo(context, session, request, origin);
    case "key-set":
      // It proves itself. The update machine takes it before the next request, which can ask for its version.
      if (!mayWrite(context, session)) return refuse("SESSION_RATE");
      context.effects.push({ kind: "emit", event: { kind: "carried-key-set", signed: request.signed } });
      return ok(null);
    case "wanted":
      return ok([wantedOf(context, session) ?? null, session.isOwner && context.memory.zone === undefined]);
    case "diagnostics":
      return setDiagnostics(context, session, request.level, origin);
    case "zone":
      return setZone(context, session, request.rule ?? undefined, origin);
    case "place": {
      const verdict = decideAsk(context, session, "config", origin);
      if (!verdict.ok) return verdict;
      if (!mayWrite(context, session)) return refuse("SESSION_RATE");
      setPlace(context, request.place ?? undefined);
      return ok(null);
    }
  }
}

/** Whether what a session approves has the owner's consent: the owner's own word, or that of whoever the owner gave the right. */
function speaksForOwner({ memory }: StepContext, { chain }: Session): boolean {
  return !memory.claimed || isOwnersBranch(memory, chain);
}

function takeDischarge({ options }: StepContext, session: Session, statement: Uint8Array): Result<Cbor> {
  if (session.nonce === undefined) return refuse("SESSION_NONCE");
  const discharged = checkDischarge(options.crypto, statement, session.nonce.bytes, session.chain);
  if (!discharged.ok) return discharged;
  const { cti, publicKey } = discharged.value;
  // One of each key for each link: the chain bounds them, and no word takes another's place.
  const others = session.discharged.filter((each) => !equal(each.cti, cti) || !equal(each.publicKey, publicKey));
  session.discharged = [...others, { cti, publicKey, nonceAtMs: session.nonce.atMs }];
  return ok(null);
}

/**
 * Takes in statements of revocation. They prove themselves, so it does not matter who carries them. What holders signed,
 * of which there is no end, is paced. A session's delivery must have its whole effect or it is refused; the cloud repeats
 * all that it knows at each link, so that of its delivery whatever is new is taken.
 * @returns REVOCATION_SEQUENCE when a statement was passed over that would have changed something, also from the cloud:
 *   whoever is told "taken" may rely on it. REVOCATION_UNCHANGED when a session's delivery changed nothing.
 */
export function takeDelivery(context: StepContext, delivery: Uint8Array, session?: Session): Result<Cbor> {
  const { options, memory, nowMs } = context;
  if (memory.facts.unreadable.has("revocations")) return refuse("STORE_UNREADABLE");
  const applied = applyDelivery(delivery, trustOf(options.crypto, memory, nowMs));
  if (!applied.ok) return applied;
  const { revocations, passedOver } = applied.value;
  const isSame = revocations === memory.revocations;
  if (session !== undefined) {
    if (passedOver !== undefined) return refuse(passedOver);
    if (isSame) return refuse("REVOCATION_UNCHANGED");
    const isBounded = revocations.every(
      (entry) =>
        memory.revocations.includes(entry) || memory.issuers.some(({ publicKey }) => equal(publicKey, entry.key)),
    );
    if (!isBounded && !mayWrite(context, session)) return refuse("SESSION_RATE");
  }
  if (!isSame) rememberRevocations(context, revocations);
  return passedOver === undefined ? ok(null) : refuse(passedOver);
}

/**
 * What the unit holds of the session key's revocations: [last sequence, floor, those of these ctis that are revoked].
 * @param ctis Joined, ascending; an issuer's revocations count too, as they do for every link.
 */
function revokedOf({ memory }: StepContext, { holder }: Session, ctis: Uint8Array): Result<Cbor> {
  if (!isCtis(ctis)) return refuse("SESSION_REQUEST");
  if (memory.facts.unreadable.has("revocations")) return refuse("STORE_UNREADABLE");
  const { sequence, floor } = entryOf(memory.revocations, holder);
  const keys = [holder, ...memory.issuers.map(({ publicKey }) => publicKey)];
  const revoked = splitCtis(ctis).filter((cti) => isRevokedBy(memory.revocations, keys, cti));
  return ok([sequence, floor, joinCtis(revoked)]);
}

/** Ends all links that a holder ever signed on this unit. The holder's own link, and the card, stay valid. */
function raiseFloor(context: StepContext, session: Session, epoch: number): Result<Cbor> {
  const { memory } = context;
  if (memory.facts.unreadable.has("revocations")) return refuse("STORE_UNREADABLE");
  const last = session.chain.links[session.chain.links.length - 1];
  const rights = last === undefined ? 0 : rightsFor(last.claims.scope, undefined);
  if ((rights & RIGHT.delegate) === 0) return refuse("GRANT_DELEGATE");
  const entry = entryOf(memory.revocations, session.holder);
  if (epoch !== entry.floor + 1) return refuse("SESSION_FLOOR");
  const others = memory.revocations.filter(({ key }) => !equal(key, session.holder));
  const isNew = others.length === memory.revocations.length;
  const trust = trustOf(context.options.crypto, memory, context.nowMs);
  if (isNew && others.length >= roomFor(session.holder, trust)) return refuse("REVOCATION_FULL");
  if (!mayWrite(context, session)) return refuse("SESSION_RATE");
  // The risen floor has revoked whatever the list named, but not what an issuer's list names of other keys' links.
  const isIssuer = memory.issuers.some(({ publicKey }) => equal(publicKey, session.holder));
  const revoked = isIssuer ? entry.revoked : NOTHING;
  rememberRevocations(context, [...others, { ...entry, floor: epoch, revoked }]);
  return ok(epoch);
}
