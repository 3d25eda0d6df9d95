/**
 * Updates: takes an offered release through every check, consent and freshness, has it installed, tries it, confirms it
 * or goes back. The journal in flash says where it stands; whatever the power does, the next start goes on from there.
 * @source PROTOCOL 8.8 to 8.10
 */
import { equal } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { checkCurrent, openRelease, verifyRelease, verifyTimestamp } from "#trust/verify-release.ts";
import { CRASHES_MAX, endedRecord, readJournal, type TrialEnd } from "#wire/journal.ts";
import { RELEASE_BYTES_MAX, releaseIdOf } from "#wire/release.ts";
import { OWN } from "#wire/stored-names.ts";
import { ALL, DOWN, UP } from "#wire/topics.ts";
import type { DeviceEvent, Machine, Step } from "./machine.ts";
import { usableTransfer } from "./ota-base.ts";
import { createInstall } from "./ota-install.ts";
import { createOtaKeys } from "./ota-keys.ts";
import { type Offer, readMaker, readOffer } from "./ota-memory.ts";
import { END_FAULTS, NEVER, type OtaState } from "./ota-state.ts";
import { createOtaTools, type OtaParts } from "./ota-tools.ts";
import { slotBytesOf } from "./slots.ts";

const FLASH_FAILURES_MAX = 3;

export function createOta(parts: OtaParts): Machine<OtaState> {
  const tools = createOtaTools(parts);
  const { crypto, times } = tools;
  const install = createInstall(tools);
  const keys = createOtaKeys(tools);

  /** Does what comes next; the one place that knows the order of things. */
  function next(state: OtaState, nowMs: number): void {
    const { offer } = state;
    const { job } = state.journal.state;
    if (offer === undefined) return tools.wait(state, "idle", NEVER);
    const { consent } = offer.release;
    if (job === undefined && consent !== "auto" && !offer.isAgreed) {
      return tools.wait(state, "consent", consent === "defer" ? nowMs + times.deferMs : NEVER);
    }
    if (!state.isFresh && !offer.isCarried) return ask(state, nowMs);
    if (job === undefined) install.begin(state, offer);
    if (job === undefined || job.phase === "fetching") return install.goOn(state, offer, nowMs);
    install.arm(state, offer, nowMs);
  }

  /** Asks the maker whether the release still stands; without a link, waits for one. */
  function ask(state: OtaState, nowMs: number): void {
    if (!state.isLinked) return tools.wait(state, "waiting", NEVER);
    sendNonce(state);
    tools.wait(state, "asking", nowMs + times.answerMs);
  }

  function sendNonce(state: OtaState): void {
    state.nonce = crypto.random(16);
    tools.emit({ kind: "publish", topic: UP.ask, payload: state.nonce, retain: false });
  }

  function onFresh(state: OtaState, nowMs: number, payload: Uint8Array): void {
    const { nonce, maker, offer } = state;
    if (nonce === undefined || maker === undefined) return;
    const timestamp = verifyTimestamp(crypto, payload, maker.keyset, { product: maker.product, nonce });
    if (!timestamp.ok) return tools.say(timestamp.fault);
    state.nonce = undefined;
    // Whatever it names: the maker has been reached, and reached us, which is what a trial has to show.
    if (state.activity === "trial") return tools.emit({ kind: "peer-proved", by: "cloud" });
    if (state.activity !== "asking" || offer === undefined) return;
    const current = checkCurrent(timestamp.value, offer.release, offer.id);
    if (current.ok) {
      state.isFresh = true;
      next(state, nowMs);
    } else if (current.fault === "RELEASE_EXPIRED" || state.journal.state.job === undefined) {
      tools.drop(state, "refused", current.fault, offer.release.sequence);
    } else tools.halt(state, current.fault);
  }

  function onOffer(state: OtaState, nowMs: number, signed: Uint8Array, isCarried: boolean): void {
    const { maker, offer } = state;
    if (maker === undefined || state.activity === "trial") return;
    const { confirmed, rejected, job } = state.journal.state;
    if (signed.length === 0) {
      if (offer !== undefined && job !== undefined) return tools.halt(state, "RELEASE_WITHDRAWN");
      if (offer !== undefined) tools.drop(state, "refused", "RELEASE_WITHDRAWN", offer.release.sequence);
      return;
    }
    const id = releaseIdOf(crypto.sha256, signed);
    if (offer !== undefined && equal(id, offer.id)) {
      // Brought again, or offered by the maker while nobody brings it: goes on from whoever is there.
      const isHeard = isCarried ? state.activity !== "fetching" : state.activity === "halted" || offer.isCarried;
      if (!isHeard || (!isCarried && state.activity === "fetching")) return;
      state.offer = { ...offer, isCarried, isAgreed: offer.isAgreed || isCarried };
      return next(state, nowMs);
    }
    const { product, hardware, timeFloorS, keyset } = maker;
    const facts = { product, hardware, timeFloorS, rejected, slotBytes: slotBytesOf(tools.slots), ...confirmed };
    const verdict = verifyRelease(crypto, signed, keyset, facts);
    if (!verdict.ok) return refuseOffer(state, signed, verdict.fault);
    const release = verdict.value;
    if (release.components.some((each) => usableTransfer(each, install.baseFor(state, each)) === undefined)) {
      return refuseOffer(state, signed, "RELEASE_BASE");
    }
    if (job !== undefined) tools.record(state, { kind: "abandoned" });
    state.offer = { signed: signed.slice(), id, release, isCarried, isAgreed: isCarried };
    Object.assign(state, { isFresh: false, fetching: undefined, failures: 0, verdict: undefined, unknown: undefined });
    next(state, nowMs);
    if (state.journal.state.job === undefined) tools.report(state);
  }

  /** Says no to an offer, with the reason; a release in hand goes on. */
  function refuseOffer(state: OtaState, signed: Uint8Array, fault: Fault): void {
    tools.say(`offer refused: ${fault}`);
    state.unknown = fault === "RELEASE_SIGNATURE" ? signed.slice(0, RELEASE_BYTES_MAX) : undefined;
    if (state.offer !== undefined || state.maker === undefined) return;
    const opened = openRelease(crypto, signed, state.maker.keyset);
    const sequence = opened.ok ? opened.value.sequence : 0;
    // Offered again what crashed here: the crash is the better reason, as long as it is remembered.
    if (fault === "RELEASE_REJECTED" && state.verdict?.sequence === sequence) return tools.report(state);
    state.verdict = { sequence, stage: fault === "RELEASE_REJECTED" ? "rejected" : "refused", fault, percent: 0 };
    tools.report(state);
  }

  function onStart(state: OtaState, nowMs: number, offer: Offer | undefined): void {
    const { job } = state.journal.state;
    if (job === undefined) return;
    state.offer = offer;
    if (job.phase === "started") {
      state.trialSinceMs = nowMs;
      return tools.wait(state, "trial", nowMs + times.trialMs);
    }
    const end = job.lastEnd;
    if (end !== undefined && job.crashes >= CRASHES_MAX) {
      tools.record(state, { kind: "rejected", images: job.images });
      return tools.drop(state, "rejected", END_FAULTS[end], job.sequence);
    }
    if (offer === undefined) return tools.record(state, { kind: "abandoned" });
    if (end === undefined) return next(state, nowMs);
    const isMiss = end === "silence" || end === "power";
    const longMs = isMiss ? times.missMs * 2 ** Math.min(job.misses - 1, 20) : times.crashMs * 4 ** (job.crashes - 1);
    tools.wait(state, "waiting", nowMs + tools.spread(Math.min(times.longestMs, longMs)));
  }

  function endTrial(state: OtaState, end: TrialEnd): void {
    const { job } = state.journal.state;
    if (job === undefined || state.activity !== "trial") return;
    tools.record(state, endedRecord(job, end));
    tools.say(`trial ended: ${END_FAULTS[end]}`);
    tools.push({ kind: "restart", reason: "requested" });
  }

  function confirmIfProved(state: OtaState, nowMs: number): void {
    const { job } = state.journal.state;
    if (job === undefined || state.activity !== "trial") return;
    if (!state.isPassed || !state.isProved || nowMs < state.trialSinceMs + times.steadyMs) return;
    tools.record(state, { kind: "confirmed", sequence: job.sequence, epoch: job.epoch, slots: job.slots });
    tools.push({ kind: "forget", name: OWN.update });
    if (state.maker !== undefined && keys.isSignedBy(state.maker.keyset, job.slots)) {
      tools.push({ kind: "forget", name: OWN.keySetBefore });
    }
    state.offer = undefined;
    tools.wait(state, "idle", NEVER);
    tools.say(`release ${job.sequence} confirmed`);
    tools.report(state);
  }

  function onTimer(state: OtaState, nowMs: number): void {
    confirmIfProved(state, nowMs);
    if (nowMs < state.deadlineMs) return;
    if (state.activity === "trial") return endTrial(state, "silence");
    if (state.activity === "asking") return tools.fail(state, nowMs, "LINK_TIMEOUT");
    if (state.activity === "fetching") return install.askAgain(state, nowMs);
    if (state.activity === "consent" && state.offer !== undefined) state.offer = { ...state.offer, isAgreed: true };
    next(state, nowMs);
  }

  function onLink(state: OtaState, nowMs: number): void {
    state.isLinked = true;
    state.isFresh = false;
    tools.report(state);
    if (state.activity === "trial") return sendNonce(state);
    const { offer } = state;
    // What waits for its time goes on waiting; what waits for the link, or lost it on the way, goes on now.
    const isHeldBack = state.activity === "waiting" && state.deadlineMs !== NEVER;
    if (offer === undefined || offer.isCarried || isHeldBack || state.activity === "consent") return;
    state.fetching = undefined;
    next(state, nowMs);
  }

  function onLinkLost(state: OtaState): void {
    state.isLinked = false;
    if (state.offer?.isCarried !== false || (state.activity !== "asking" && state.activity !== "fetching")) return;
    state.fetching = undefined;
    tools.wait(state, "waiting", NEVER);
  }

  /** What the flash holds is what counts. A slot that still refuses after some tries is worn: the release is given up. */
  function onFlashFailed(state: OtaState, nowMs: number): void {
    state.journal = readJournal(tools.log, tools.read);
    const { job } = state.journal.state;
    if (job?.phase === "started") return tools.wait(state, "trial", nowMs + times.trialMs);
    if (state.offer === undefined) return;
    if (state.failures < FLASH_FAILURES_MAX) return tools.fail(state, nowMs, "IMAGE_FLASH");
    tools.drop(state, "refused", "IMAGE_FLASH", state.offer.release.sequence);
  }

  function take(state: OtaState, event: DeviceEvent): void {
    const { nowMs } = event;
    switch (event.kind) {
      case "timer":
        return onTimer(state, nowMs);
      case "link-up":
        return onLink(state, nowMs);
      case "link-down":
        return onLinkLost(state);
      case "link-message":
        if (event.topic === DOWN.block) return install.onBlock(state, nowMs, event.payload);
        if (event.topic === DOWN.release) return onOffer(state, nowMs, event.payload, false);
        if (event.topic === DOWN.fresh) return onFresh(state, nowMs, event.payload);
        if (event.topic === `all/${ALL.keyset}`) {
          const isNew = keys.onKeyset(state, event.payload);
          if (isNew && state.unknown !== undefined) onOffer(state, nowMs, state.unknown, false);
        }
        return;
      case "carried-release":
        return onOffer(state, nowMs, event.signed, true);
      case "carried-block":
        return install.onBlock(state, nowMs, event.payload);
      case "update-approved":
        if (state.activity !== "consent" || state.offer?.release.sequence !== event.sequence) return;
        state.offer = { ...state.offer, isAgreed: true };
        return next(state, nowMs);
      case "ota-continue":
        if (state.fetching !== undefined) return install.work(state, nowMs);
        return state.activity === "fetching" ? next(state, nowMs) : undefined;
      case "flash-failed":
        return onFlashFailed(state, nowMs);
      case "app-started":
        if (!event.passed) return endTrial(state, "selfTest");
        state.isPassed = true;
        return confirmIfProved(state, nowMs);
      case "peer-proved":
        state.isProved = true;
        return confirmIfProved(state, nowMs);
      default:
        return;
    }
  }

  return {
    name: "ota",
    initial: {
      maker: undefined,
      journal: {
        state: { confirmed: { sequence: 0, epoch: 0, slots: 0 }, job: undefined, rejected: [] },
        end: { generation: 0, bank: 0, offset: 0 },
      },
      activity: "idle",
      deadlineMs: NEVER,
      isLinked: false,
      offer: undefined,
      nonce: undefined,
      isFresh: false,
      fetching: undefined,
      failures: 0,
      misses: 0,
      isPassed: false,
      isProved: false,
      trialSinceMs: 0,
      unknown: undefined,
      verdict: undefined,
    },
    step(old, event): Step<OtaState> {
      const state = event.kind === "start" ? { ...old } : old;
      if (event.kind === "start") {
        state.maker = readMaker(crypto, event.stored);
        state.journal = readJournal(tools.log, tools.read);
        const { job } = state.journal.state;
        const offer = job && state.maker && readOffer(crypto, event.stored, state.maker, job);
        if (state.maker !== undefined) onStart(state, event.nowMs, offer);
      } else if (state.maker !== undefined) take(state, event);
      const steadyAtMs = state.trialSinceMs + times.steadyMs;
      const isSteadying = state.activity === "trial" && event.nowMs < steadyAtMs;
      const wakeAtMs = isSteadying ? Math.min(state.deadlineMs, steadyAtMs) : state.deadlineMs;
      const effects = tools.takeEffects();
      return Number.isFinite(wakeAtMs) ? { state, effects, wakeAtMs } : { state, effects };
    },
  };
}
