/**
 * Learns the time: the unit gives a nonce, and the maker's cloud or the phone of a link's signer
 * answers with a second that is signed over it.
 * @source PROTOCOL 4.9, 4.10
 */
import { equal } from "#base/bytes.ts";
import { faultText, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { remember } from "#device/store/store.ts";
import type { OpenChain } from "#trust/grants/open-chain.ts";
import { learnedExpiry } from "#trust/grants/verify-grant.ts";
import { checkTime, checkVouch, vouchSigner } from "#trust/signed-time.ts";
import {
  acceptTime,
  floorToPersist,
  intervalOf,
  NONCE_AGE_MAX_MS,
  narrowed,
  PERSIST_STEP_S,
  persisted,
  timeAt,
} from "#trust/time-floor.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { readTime } from "#wire/grants/signed-time.ts";
import { UP } from "#wire/link/topics.ts";
import { trustOf } from "./memory.ts";
import { issueNonce, nonceIssuedMs } from "./nonce.ts";
import { addSigner, rememberSigners, signerTimeOf } from "./signer-times.ts";
import { mayWrite, type Session, type StepContext } from "./state.ts";

/** A forwarded statement may be this old when it arrives. An interval of a day proves no hour, so an older one would be useless. */
const VOUCH_AGE_MAX_MS = 86_400_000;
/** In every session that comes later than this after the signer's last word, the unit asks again. */
const VOUCH_AGAIN_MS = 60_000;
/** The cloud is asked again after this, while it does not answer; each time twice as long. */
const RETRY_MS = 60_000;
const RETRY_MAX_MS = 6 * 3_600_000;
/** A linked unit asks again when the cloud's word is this old: 22 seconds of drift each way. */
const REFRESH_MS = 12 * 3_600_000;
/** A guest who needs a fresher time makes the unit ask its cloud, but not more often than this. */
const URGENT_MS = 10_000;

/** When this unit gave the nonce that a statement covers; or what the statement is refused for before its signature is looked at. */
function issuedMs({ options, memory, nowMs }: StepContext, statement: Uint8Array, ageMaxMs: number) {
  const time = readTime(statement);
  if (!time.ok) return time;
  const { nonce } = time.value.content;
  const askedMs = nonceIssuedMs(options.crypto, memory, nonce);
  if (askedMs === undefined) return refuse("TIME_NONCE");
  return nowMs - askedMs > ageMaxMs ? refuse("TIME_STALE") : ok({ nonce, askedMs });
}

/**
 * Takes the maker's time: it is trusted from now on, and the floor rises with it. The floor is written when it has risen by much.
 * @returns Null; or what readTime refuses, TIME_NONCE, TIME_STALE, TIME_SIGNATURE, TIME_BEFORE_FLOOR.
 */
export function takeTime(context: StepContext, statement: Uint8Array): Result<Cbor> {
  const { options, memory, nowMs, effects } = context;
  const asked = issuedMs(context, statement, NONCE_AGE_MAX_MS);
  if (!asked.ok) return asked;
  const timeS = checkTime(options.crypto, statement, asked.value.nonce, memory.timeKeys);
  if (!timeS.ok) return timeS;
  const time = acceptTime(memory.time, timeS.value, asked.value.askedMs, nowMs);
  if (!time.ok) return time;
  memory.time = time.value;
  const floorS = floorToPersist(memory.time);
  if (floorS !== undefined) {
    effects.push(remember("timeFloor", floorS));
    memory.time = persisted(memory.time);
  }
  effects.push({ kind: "emit", event: { kind: "time-taken", time: memory.time } });
  return ok(null);
}

/**
 * Takes the word of whoever signed one link of the session's chain, or of the session's holder for the links beneath. It counts
 * for every link that this key signed, until the unit starts again; what it proves to be past stays past.
 * @returns Null, also for a statement over an older nonce than the last one; or what readTime refuses, TIME_NONCE, TIME_STALE,
 *   TIME_SIGNATURE, TIME_BEFORE_FLOOR, TIME_AHEAD (the unit has trusted time, and it is earlier).
 */
export function takeVouch(context: StepContext, session: Session, link: number, statement: Uint8Array): Result<Cbor> {
  const { options, memory, nowMs } = context;
  const asked = issuedMs(context, statement, VOUCH_AGE_MAX_MS);
  if (!asked.ok) return asked;
  const { nonce, askedMs } = asked.value;
  const timeS = checkVouch(options.crypto, statement, nonce, session.chain, link);
  if (!timeS.ok) return timeS;
  const interval = intervalOf(timeS.value, askedMs, nowMs, VOUCH_AGE_MAX_MS);
  if (!interval.ok) return interval;
  const { floorS: unitFloorS } = memory.time;
  const key = vouchSigner(session.chain, link) as Uint8Array;
  const before = signerTimeOf(memory.signers, key);
  if (interval.value.latestS < Math.max(unitFloorS ?? 0, before?.floorS ?? 0)) return refuse("TIME_BEFORE_FLOOR");
  const own = timeAt(memory.time, nowMs);
  // A signer's clock that runs ahead would end that signer's links for good when the power goes.
  if (own.grade === "trusted" && interval.value.earliestS > own.latestS) return refuse("TIME_AHEAD");
  if (before?.signed !== undefined && askedMs <= before.signed.askedMs) return ok(null);
  const signer = addSigner(memory.signers, key, link, memory.owner?.claims.holder);
  signer.signed = narrowed(signer.signed, interval.value);
  if (memory.owner !== undefined && equal(key, memory.owner.claims.holder)) {
    context.effects.push({ kind: "emit", event: { kind: "time-vouched", interval: signer.signed } });
  }
  const { earliestS } = signer.signed;
  const isRisen = earliestS - (signer.floorS ?? 0) >= PERSIST_STEP_S;
  if (!signer.isDeep && isRisen && mayWrite(context, session)) storeFloor(context, key, link, earliestS);
  return ok(null);
}

function storeFloor({ memory, effects }: StepContext, key: Uint8Array, link: number, floorS: number): void {
  addSigner(memory.signers, key, link, memory.owner?.claims.holder).floorS = floorS;
  effects.push(rememberSigners(memory.signers));
}

/**
 * Stores what the refusal of a link as expired has taught the unit, before anybody is told: whoever then pulls the plug finds the link
 * expired still. What the owner or an issuer's holder signed is always written, since nobody else can make such links; what a guest
 * signed takes one of that guest's turns.
 */
export function rememberExpiry(context: StepContext, chain: OpenChain): void {
  const { options, memory, nowMs } = context;
  const learned = learnedExpiry(chain, trustOf(options.crypto, memory, nowMs));
  if (learned === undefined || learned.floorS <= (memory.time.persistedS ?? 0)) return;
  const { link, key, floorS } = learned;
  if (link === 1 || (link === 2 && mayWrite(context, { isOwner: false, chain })))
    storeFloor(context, key, link, floorS);
}

/** A nonce for the session's holder to sign over, where the unit needs that holder's word; undefined where it does not. */
export function wantedOf({ options, memory, nowMs }: StepContext, { chain, holder }: Session): Uint8Array | undefined {
  const last = chain.links[chain.links.length - 1];
  const mayDelegate = last !== undefined && (rightsFor(last.claims.scope, undefined) & RIGHT.delegate) !== 0;
  const signed = signerTimeOf(memory.signers, holder)?.signed;
  const isFresh = signed !== undefined && nowMs - signed.askedMs < VOUCH_AGAIN_MS;
  if (!mayDelegate || isFresh || timeAt(memory.time, nowMs).grade === "trusted") return undefined;
  return issueNonce(options.crypto, memory, nowMs);
}

/** Asks the cloud what time it is, as soon as that is due. */
export function askCloud({ options, state, memory, nowMs, effects }: StepContext): void {
  const asking = state.timeAsking;
  if (nowMs < asking.dueMs) return;
  const payload = issueNonce(options.crypto, memory, nowMs);
  effects.push({ kind: "emit", event: { kind: "publish", topic: UP.askTime, payload, retain: false, qos: 0 } });
  asking.askedMs = nowMs;
  asking.dueMs = nowMs + asking.retryMs;
  asking.retryMs = Math.min(RETRY_MAX_MS, 2 * asking.retryMs);
}

/** Begins to ask with the link, and ends with it. Without a pinned time key no answer would count. */
export function onLink({ state, memory, nowMs }: StepContext, isUp: boolean): void {
  const asking = state.timeAsking;
  asking.retryMs = RETRY_MS;
  const refreshMs = memory.time.signed === undefined ? nowMs : memory.time.signed.askedMs + REFRESH_MS;
  asking.dueMs = isUp && memory.timeKeys.length > 0 ? refreshMs : Number.POSITIVE_INFINITY;
}

/** Takes what the cloud answered. A refusal is logged by its number: nobody waits for an answer. */
export function onCloudTime(context: StepContext, statement: Uint8Array): void {
  const taken = takeTime(context, statement);
  if (taken.ok) onLink(context, true);
  else context.effects.push({ kind: "log", text: `time: ${faultText(taken.fault)}` });
}

/** Asks the linked cloud at once when a key was refused for lack of a time, or of a fresh one. */
export function needTime({ state, nowMs }: StepContext): void {
  const asking = state.timeAsking;
  if (asking.dueMs !== Number.POSITIVE_INFINITY && nowMs - asking.askedMs >= URGENT_MS) asking.dueMs = nowMs;
}
