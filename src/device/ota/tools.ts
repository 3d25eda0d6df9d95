/** Operations that the parts of the update machine share: record, report, wait, retry later. */
import { viewOf } from "#base/bytes.ts";
import { type Fault, faultText } from "#base/faults.ts";
import { flashLogIn } from "#device/flash-log.ts";
import type { Effect, InnerEvent } from "#device/machine.ts";
import type { Flash, Port } from "#device/port.ts";
import type { Facts } from "#device/store/facts.ts";
import { forget } from "#device/store/store.ts";
import type { Primitives } from "#trust/primitives.ts";
import { type Job, type JournalRecord, writeJournal } from "#wire/flash/journal.ts";
import type { LogRegion, ReadFlash } from "#wire/flash/record-log.ts";
import type { SlotRegion } from "#wire/flash/slot.ts";
import { DIRECTED_MAX_S, UP } from "#wire/link/topics.ts";
import { encodeUnitState } from "#wire/link/unit-state.ts";
import { type Regions, type Slots, slotsOf } from "./slots.ts";
import { type Activity, attemptOf, NEVER, OTA_TIMES, type OtaState, type OtaTimes } from "./state.ts";

export interface OtaParts {
  readonly crypto: Primitives;
  readonly flash: Pick<Flash, "sectorBytes" | "writeBytes" | "read">;
  readonly system: Pick<Port["system"], "isTrial" | "resetReason">;
  /** Of board.json: `journal` and the slots. */
  readonly regions: Regions;
  readonly times?: OtaTimes;
}

/** What the functions of the update machine share: the board's means, and the effects of the step in hand. */
export interface Ota {
  readonly crypto: Primitives;
  readonly system: OtaParts["system"];
  readonly times: OtaTimes;
  readonly slots: Slots;
  readonly log: LogRegion;
  readonly sectorBytes: number;
  readonly read: ReadFlash;
  /** What the unit remembers; undefined before the start. */
  facts: Facts | undefined;
  /** In order; whoever ends the step takes them. */
  effects: Effect[];
}

export function otaOf({ crypto, flash, system, regions, times = OTA_TIMES }: OtaParts): Ota {
  const { region, read } = flashLogIn(flash, regions.journal);
  return {
    crypto,
    system,
    times,
    slots: slotsOf(flash, regions),
    log: region,
    sectorBytes: region.sectorBytes,
    read,
    facts: undefined,
    effects: [],
  };
}

export function say(ota: Ota, text: string): void {
  ota.effects.push({ kind: "log", text: `update: ${text}` });
}

export function emit(ota: Ota, event: InnerEvent): void {
  ota.effects.push({ kind: "emit", event });
}

export function record(ota: Ota, state: OtaState, entry: JournalRecord): void {
  const written = writeJournal(ota.log, ota.read, state.journal, entry);
  state.journal = written.journal;
  ota.effects.push(...written.ops);
}

export function wait(state: OtaState, activity: Activity, deadlineMs: number): void {
  state.activity = activity;
  state.deadlineMs = deadlineMs;
}

/** A random time between half of the given time and all of it (jitter). */
export function spread({ crypto }: Ota, longMs: number): number {
  return (longMs / 2) * (1 + viewOf(crypto.random(4)).getUint32(0, true) / 2 ** 32);
}

/** Tries again later: the more often it failed, the later; half of the wait is chance. */
export function fail(ota: Ota, state: OtaState, nowMs: number, fault: Fault, leastMs = 0): void {
  const { longestMs, failureMs } = ota.times;
  const waitMs =
    Math.min(DIRECTED_MAX_S * 1000, leastMs) +
    spread(ota, Math.min(longestMs, failureMs * 2 ** Math.min(state.failures, 20)));
  state.failures++;
  state.fetching = undefined;
  state.isFresh = false;
  wait(state, "waiting", nowMs + waitMs);
  say(ota, `${faultText(fault)}, again in ${Math.round(waitMs)} ms`);
}

/** Ends with the offer, unless the maker makes it again. */
export function drop(ota: Ota, state: OtaState, stage: "refused" | "rejected", fault: Fault, sequence: number): void {
  if (state.journal.state.job !== undefined) record(ota, state, { kind: "abandoned" });
  ota.effects.push(forget("update"));
  state.offer = undefined;
  state.fetching = undefined;
  state.verdict = { sequence, stage, fault, percent: 0 };
  wait(state, "idle", NEVER);
  say(ota, `release ${sequence} ${stage}: ${faultText(fault)}`);
  report(ota, state);
}

/** Ends with the offer for good: its images are not fetched again. */
export function reject(ota: Ota, state: OtaState, { images, sequence }: Job, fault: Fault): void {
  record(ota, state, { kind: "rejected", images });
  drop(ota, state, "rejected", fault, sequence);
}

/** The maker holds the release back: keeps what is fetched, and goes on when it is offered again. */
export function halt(ota: Ota, state: OtaState, fault: Fault): void {
  state.isFresh = false;
  state.fetching = undefined;
  wait(state, "halted", NEVER);
  say(ota, faultText(fault));
}

/** What was asked of the cloud waits for the next link. */
export function onLinkLost(state: OtaState): void {
  state.isLinked = false;
  if (state.offer?.isCarried !== false || (state.activity !== "asking" && state.activity !== "fetching")) return;
  state.fetching = undefined;
  wait(state, "waiting", NEVER);
}

/** Tells the gate, which tells whoever asks in a session, and the cloud while there is a link. */
export function report(ota: Ota, state: OtaState): void {
  const { sequence, epoch } = state.journal.state.confirmed;
  const { revoked } = state;
  const attempt = attemptOf(state, ota.sectorBytes);
  const payload = encodeUnitState({ sequence, epoch, attempt, ...(revoked !== undefined && { revoked }) });
  emit(ota, { kind: "unit-state", payload });
  if (state.isLinked) emit(ota, { kind: "publish", topic: UP.state, payload, retain: true });
}

/** The slot of a component that these bits choose. */
export function slotOf({ slots }: Ota, kind: number, slotBits: number): SlotRegion {
  return (slots.get(kind) as readonly [SlotRegion, SlotRegion])[((slotBits >> kind) & 1) as 0 | 1];
}

/** Goes on with the board's next event: what this one held is given back before more is taken. */
export function goOnSoon(ota: Ota, state: OtaState): void {
  wait(state, "fetching", NEVER);
  emit(ota, { kind: "ota-continue" });
}

/** A trial asks again after as long as it has run, since a maker who answers no one is not helped by being asked often. */
export function sendNonce(ota: Ota, state: OtaState, nowMs: number): void {
  state.nonce = ota.crypto.random(16);
  state.askAtMs = nowMs + Math.max(ota.times.answerMs, nowMs - state.trialSinceMs);
  emit(ota, { kind: "publish", topic: UP.ask, payload: state.nonce, retain: false, qos: 0 });
}
