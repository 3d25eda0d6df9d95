/**
 * The update machine: takes an offered release through all checks, consent and freshness, has it installed, tries it,
 * and confirms it or rolls back. The journal in flash records the progress, so that after a power cut the next start
 * continues from there.
 * @source PROTOCOL 8.8 to 8.10
 */
import { equal } from "#base/bytes.ts";
import { type Fault, faultText } from "#base/faults.ts";
import type { DeviceEvent, Machine, Step } from "#device/machine.ts";
import { forget } from "#device/store/store.ts";
import { checkCurrent, openRelease, verifyRelease, verifyTimestamp } from "#trust/releases/verify-release.ts";
import { CRASHES, CRASHES_MAX, endedRecord, readJournal, type TrialEnd } from "#wire/flash/journal.ts";
import { ALL, DOWN } from "#wire/link/topics.ts";
import { RELEASE_BYTES_MAX, type Release, releaseIdOf } from "#wire/releases/release.ts";
import { usableTransfer } from "./base.ts";
import { arm, askAgain, baseFor, begin, goOn, onBlock, work } from "./install.ts";
import { isSignedBy, onKeysets } from "./keys.ts";
import { type Offer, readMaker, readOffer } from "./memory.ts";
import { slotBytesOf } from "./slots.ts";
import { type Activity, askAtMs, END_FAULTS, initialOtaState, NEVER, type OtaState } from "./state.ts";
import {
  drop,
  emit,
  fail,
  goOnSoon,
  halt,
  type Ota,
  type OtaParts,
  onLinkLost,
  otaOf,
  record,
  reject,
  report,
  say,
  sendNonce,
  spread,
  wait,
} from "./tools.ts";
import { onFlashFailed, onUnwrittenStart, writeEnd } from "./worn-flash.ts";

/** Does what comes next; the one place that knows the order of things. */
function next(ota: Ota, state: OtaState, nowMs: number): void {
  const { offer } = state;
  const { job } = state.journal.state;
  if (offer === undefined) return wait(state, "idle", NEVER);
  const { consent } = offer.release;
  if (job === undefined && consent !== "auto" && !offer.isAgreed) {
    return wait(state, "consent", consent === "defer" ? nowMs + ota.times.deferMs : NEVER);
  }
  if (!state.isFresh && !offer.isCarried) return ask(ota, state, nowMs);
  if (job === undefined) {
    begin(ota, state, offer);
    return goOnSoon(ota, state);
  }
  if (job.phase === "fetching") return goOn(ota, state, offer, nowMs);
  arm(ota, state, offer, nowMs);
}

/** Asks the maker whether the release still stands; without a link, waits for one. */
function ask(ota: Ota, state: OtaState, nowMs: number): void {
  if (!state.isLinked) return wait(state, "waiting", NEVER);
  sendNonce(ota, state, nowMs);
  wait(state, "asking", nowMs + ota.times.answerMs);
}

function onFresh(ota: Ota, state: OtaState, payload: Uint8Array): void {
  const { nonce, maker, offer } = state;
  if (nonce === undefined || maker === undefined) return;
  const { product, deviceId } = maker;
  const timestamp = verifyTimestamp(ota.crypto, payload, maker.keyset, { product, nonce, deviceId });
  if (!timestamp.ok) return say(ota, timestamp.fault);
  state.nonce = undefined;
  // Whatever it names: the maker has been reached, and reached us, which is what a trial has to show.
  if (state.activity === "trial") return emit(ota, { kind: "peer-proved", by: "cloud" });
  if (state.activity !== "asking" || offer === undefined) return;
  const current = checkCurrent(timestamp.value, offer.release, offer.id);
  if (current.ok) {
    state.isFresh = true;
    goOnSoon(ota, state);
  } else if (current.fault === "RELEASE_EXPIRED" || state.journal.state.job === undefined) {
    drop(ota, state, "refused", current.fault, offer.release.sequence);
  } else halt(ota, state, current.fault);
}

/** Whether a release may be installed once somebody asked for it: where the owner must agree, nobody else's word will do. */
function isEnough({ consent }: Release, isOwners: boolean): boolean {
  return consent !== "agree" || isOwners;
}

/** @param carried How the release was brought by hand; absent when it came over the link. */
function onOffer(
  ota: Ota,
  state: OtaState,
  nowMs: number,
  signed: Uint8Array,
  carried?: { readonly isOwners: boolean },
): void {
  const isCarried = carried !== undefined;
  const { maker, offer } = state;
  if (maker === undefined || state.activity === "trial") return;
  const { confirmed, rejected, job } = state.journal.state;
  if (signed.length === 0) {
    if (offer !== undefined && job !== undefined) return halt(ota, state, "RELEASE_WITHDRAWN");
    if (offer !== undefined) drop(ota, state, "refused", "RELEASE_WITHDRAWN", offer.release.sequence);
    return;
  }
  const id = releaseIdOf(ota.crypto.sha256, signed);
  if (offer !== undefined && equal(id, offer.id)) {
    // Brought again, or offered by the maker while nobody brings it: goes on from whoever is there.
    const isHeard = isCarried ? state.activity !== "fetching" : state.activity === "halted" || offer.isCarried;
    if (!isHeard || (!isCarried && state.activity === "fetching")) return;
    const isAgreed = offer.isAgreed || (isCarried && isEnough(offer.release, carried.isOwners));
    state.offer = { ...offer, isCarried, isAgreed };
    return next(ota, state, nowMs);
  }
  const { product, hardware, timeFloorS, keyset } = maker;
  const facts = { product, hardware, timeFloorS, rejected, slotBytes: slotBytesOf(ota.slots), ...confirmed };
  const verdict = verifyRelease(ota.crypto, signed, keyset, facts);
  if (!verdict.ok) return refuseOffer(ota, state, signed, verdict.fault);
  const release = verdict.value;
  if (release.components.some((each) => usableTransfer(each, baseFor(ota, state, each)) === undefined)) {
    return refuseOffer(ota, state, signed, "RELEASE_BASE");
  }
  if (job !== undefined) record(ota, state, { kind: "abandoned" });
  const isAgreed = isCarried && isEnough(release, carried.isOwners);
  state.offer = { signed: signed.slice(), id, release, isCarried, isAgreed };
  Object.assign(state, { isFresh: false, fetching: undefined, failures: 0, verdict: undefined, unknown: undefined });
  next(ota, state, nowMs);
  // That it was offered and begins, whoever offers it sees by what it is asked for.
  if (state.activity === "consent") report(ota, state);
}

/** Says no to an offer, with the reason; a release in hand goes on. */
function refuseOffer(ota: Ota, state: OtaState, signed: Uint8Array, fault: Fault): void {
  say(ota, `offer refused: ${faultText(fault)}`);
  state.unknown = fault === "RELEASE_SIGNATURE" ? signed.slice(0, RELEASE_BYTES_MAX) : undefined;
  if (state.offer !== undefined || state.maker === undefined) return;
  const opened = openRelease(ota.crypto, signed, state.maker.keyset);
  const sequence = opened.ok ? opened.value.sequence : 0;
  // Offered again what crashed here: the crash is the better reason, as long as it is remembered.
  if (fault === "RELEASE_REJECTED" && state.verdict?.sequence === sequence) return report(ota, state);
  state.verdict = { sequence, stage: fault === "RELEASE_REJECTED" ? "rejected" : "refused", fault, percent: 0 };
  report(ota, state);
}

function onStart(ota: Ota, state: OtaState, nowMs: number, offer: Offer | undefined): void {
  let { job } = state.journal.state;
  if (job === undefined) return;
  state.offer = offer;
  if (job.phase === "started" && ota.system.isTrial) {
    state.trialSinceMs = nowMs;
    return wait(state, "trial", nowMs + ota.times.trialMs);
  }
  if (job.phase === "started") job = writeEnd(ota, state, job);
  const end = job.lastEnd;
  if (end !== undefined && job.crashes >= CRASHES_MAX) return reject(ota, state, job, END_FAULTS[end]);
  if (offer === undefined) return record(ota, state, { kind: "abandoned" });
  if (job.phase === "armed") return onUnwrittenStart(ota, state, nowMs, job);
  if (end === undefined) return next(ota, state, nowMs);
  const longMs = !CRASHES.has(end)
    ? ota.times.missMs * 2 ** Math.min(job.misses - 1, 20)
    : ota.times.crashMs * 4 ** (job.crashes - 1);
  wait(state, "waiting", nowMs + spread(ota, Math.min(ota.times.longestMs, longMs)));
}

function endTrial(ota: Ota, state: OtaState, end: TrialEnd): void {
  const { job } = state.journal.state;
  if (job === undefined || state.activity !== "trial") return;
  record(ota, state, endedRecord(job, end));
  say(ota, `trial ended: ${faultText(END_FAULTS[end])}`);
  ota.effects.push({ kind: "restart", reason: "requested" });
}

function confirmIfProved(ota: Ota, state: OtaState, nowMs: number): void {
  const { job } = state.journal.state;
  if (job === undefined || state.activity !== "trial") return;
  if (!state.isPassed || !state.isProved || nowMs < state.trialSinceMs + ota.times.steadyMs) return;
  record(ota, state, { kind: "confirmed", sequence: job.sequence, epoch: job.epoch, slots: job.slots });
  ota.effects.push(forget("update"));
  if (state.maker !== undefined && isSignedBy(ota, state.maker.keyset, job.slots)) {
    ota.effects.push(forget("keySetBefore"));
  }
  state.offer = undefined;
  wait(state, "idle", NEVER);
  say(ota, `release ${job.sequence} confirmed`);
  report(ota, state);
}

function onTimer(ota: Ota, state: OtaState, nowMs: number): void {
  confirmIfProved(ota, state, nowMs);
  if (nowMs >= askAtMs(state)) sendNonce(ota, state, nowMs);
  if (nowMs < state.deadlineMs) return;
  if (state.activity === "trial") return endTrial(ota, state, "silence");
  if (state.activity === "asking") return fail(ota, state, nowMs, "LINK_TIMEOUT");
  if (state.activity === "fetching") return askAgain(ota, state, nowMs);
  if (state.activity === "consent" && state.offer !== undefined) state.offer = { ...state.offer, isAgreed: true };
  next(ota, state, nowMs);
}

function onLink(ota: Ota, state: OtaState, nowMs: number): void {
  state.isLinked = true;
  state.isFresh = false;
  report(ota, state);
  if (state.activity === "trial") return sendNonce(ota, state, nowMs);
  const { offer } = state;
  // What waits for its time goes on waiting; what waits for the link, or lost it on the way, goes on now.
  const isHeldBack = state.activity === "waiting" && state.deadlineMs !== NEVER;
  if (offer === undefined || offer.isCarried || isHeldBack || state.activity === "consent") return;
  state.fetching = undefined;
  next(ota, state, nowMs);
}

/** A release that no key of the set before had signed is looked at again. */
function takeKeysets(ota: Ota, state: OtaState, nowMs: number, payload: Uint8Array): void {
  const isNew = onKeysets(ota, state, payload);
  if (isNew && state.unknown !== undefined) onOffer(ota, state, nowMs, state.unknown);
}

function take(ota: Ota, state: OtaState, event: DeviceEvent): void {
  const { nowMs } = event;
  switch (event.kind) {
    case "timer":
      return onTimer(ota, state, nowMs);
    case "link-up":
      return onLink(ota, state, nowMs);
    case "link-down":
      return onLinkLost(state);
    case "link-message":
      if (event.topic === DOWN.block) return onBlock(ota, state, nowMs, event.payload);
      if (event.topic === DOWN.release) return onOffer(ota, state, nowMs, event.payload);
      if (event.topic === DOWN.fresh) return onFresh(ota, state, event.payload);
      return event.topic === `all/${ALL.keyset}` ? takeKeysets(ota, state, nowMs, event.payload) : undefined;
    case "carried-key-set":
      return takeKeysets(ota, state, nowMs, event.signed);
    case "revocations-taken":
      state.revoked = event.tag;
      return report(ota, state);
    case "carried-release":
      return onOffer(ota, state, nowMs, event.signed, event);
    case "carried-block":
      return onBlock(ota, state, nowMs, event.payload);
    case "update-approved":
      if (state.activity !== "consent" || state.offer?.release.sequence !== event.sequence) return;
      if (!isEnough(state.offer.release, event.isOwners)) return;
      state.offer = { ...state.offer, isAgreed: true };
      return next(ota, state, nowMs);
    case "ota-continue":
      if (state.fetching !== undefined) return work(ota, state, nowMs);
      return state.activity === "fetching" ? next(ota, state, nowMs) : undefined;
    case "store-failed":
    case "flash-failed":
      return onFlashFailed(ota, state, nowMs);
    case "app-started":
      if (!event.passed) return endTrial(ota, state, "selfTest");
      state.isPassed = true;
      return confirmIfProved(ota, state, nowMs);
    case "peer-proved":
      state.isProved = true;
      return confirmIfProved(ota, state, nowMs);
    default:
      return;
  }
}

function step(ota: Ota, old: OtaState, event: DeviceEvent): Step<OtaState> {
  const state = event.kind === "start" ? { ...old } : old;
  if (event.kind === "start") {
    ota.facts = event.facts;
    state.maker = readMaker(ota.crypto, event.facts);
    state.journal = readJournal(ota.log, ota.read);
    const { job } = state.journal.state;
    const offer = job && state.maker && readOffer(ota.crypto, event.facts, state.maker, job);
    if (state.maker !== undefined) {
      emit(ota, { kind: "key-set-known", version: state.maker.keyset.version });
      onStart(ota, state, event.nowMs, offer);
      report(ota, state);
    }
  } else if (state.maker !== undefined) take(ota, state, event);
  const steadyAtMs = state.trialSinceMs + ota.times.steadyMs;
  const isSteadying = state.activity === "trial" && event.nowMs < steadyAtMs;
  const wakeAtMs = Math.min(state.deadlineMs, askAtMs(state), isSteadying ? steadyAtMs : NEVER);
  const { effects } = ota;
  ota.effects = [];
  return Number.isFinite(wakeAtMs) ? { state, effects, wakeAtMs } : { state, effects };
}

const BUSY: ReadonlySet<Activity> = new Set<Activity>(["asking", "fetching", "trial"]);

export function createOta(parts: OtaParts): Machine<OtaState> {
  const ota = otaOf(parts);
  return {
    name: "ota",
    initial: initialOtaState(),
    step: (state, event) => step(ota, state, event),
    isBusy: ({ activity }) => BUSY.has(activity),
  };
}
