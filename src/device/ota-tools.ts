/** What the parts of the update machine do alike: record, report, wait, try again later. */
import { viewOf } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import type { Primitives } from "#trust/primitives.ts";
import { type JournalRecord, writeJournal } from "#wire/journal.ts";
import type { LogRegion, ReadFlash } from "#wire/record-log.ts";
import type { SlotRegion } from "#wire/slot.ts";
import { OWN } from "#wire/stored-names.ts";
import { UP } from "#wire/topics.ts";
import { encodeUnitState } from "#wire/unit-state.ts";
import type { Effect, InnerEvent } from "./machine.ts";
import { type Activity, attemptOf, NEVER, OTA_TIMES, type OtaState, type OtaTimes } from "./ota-state.ts";
import type { Flash } from "./port.ts";
import { type Regions, type Slots, slotsOf } from "./slots.ts";

export interface OtaParts {
  readonly crypto: Primitives;
  readonly flash: Pick<Flash, "sectorBytes" | "writeBytes" | "read">;
  /** Of board.json: `journal` and the slots. */
  readonly regions: Regions;
  readonly times?: OtaTimes;
}

export interface OtaTools {
  readonly crypto: Primitives;
  readonly times: OtaTimes;
  readonly slots: Slots;
  readonly log: LogRegion;
  readonly sectorBytes: number;
  readonly read: ReadFlash;
  /** Effects of the step in hand, in order; whoever ends the step takes them. */
  takeEffects(): readonly Effect[];
  push(...effects: readonly Effect[]): void;
  say(text: string): void;
  emit(event: InnerEvent): void;
  record(state: OtaState, entry: JournalRecord): void;
  wait(state: OtaState, activity: Activity, deadlineMs: number): void;
  /** Tries again later: the more often it failed, the later; half of the wait is chance. */
  fail(state: OtaState, nowMs: number, fault: Fault, leastMs?: number): void;
  /** Half of a time for certain, and up to all of it by chance. */
  spread(longMs: number): number;
  /** Ends with the offer, unless the maker makes it again. */
  drop(state: OtaState, stage: "refused" | "rejected", fault: Fault, sequence: number): void;
  /** The maker holds the release back: keeps what is fetched, and goes on when it is offered again. */
  halt(state: OtaState, fault: Fault): void;
  report(state: OtaState): void;
  /** The slot of a component that these bits choose. */
  slotOf(kind: number, slotBits: number): SlotRegion;
}

export function createOtaTools(parts: OtaParts): OtaTools {
  const { crypto, flash } = parts;
  const { sectorBytes, writeBytes } = flash;
  const times = parts.times ?? OTA_TIMES;
  const slots = slotsOf(flash, parts.regions);
  const { start, bytes } = parts.regions.journal ?? { start: 0, bytes: 0 };
  const log = { start, bytes, sectorBytes, writeBytes };
  const read: ReadFlash = (address, byteLength) => flash.read(address, byteLength);
  let effects: Effect[] = [];

  const tools: OtaTools = {
    crypto,
    times,
    slots,
    log,
    sectorBytes,
    read,
    takeEffects() {
      const taken = effects;
      effects = [];
      return taken;
    },
    push: (...more) => void effects.push(...more),
    say: (text) => void effects.push({ kind: "log", text: `update: ${text}` }),
    emit: (event) => void effects.push({ kind: "emit", event }),
    record(state, entry) {
      const written = writeJournal(log, read, state.journal, entry);
      state.journal = written.journal;
      effects.push(...written.ops);
    },
    wait(state, activity, deadlineMs) {
      state.activity = activity;
      state.deadlineMs = deadlineMs;
    },
    fail(state, nowMs, fault, leastMs = 0) {
      const waitMs =
        leastMs + tools.spread(Math.min(times.longestMs, times.failureMs * 2 ** Math.min(state.failures, 20)));
      state.failures++;
      state.fetching = undefined;
      state.isFresh = false;
      tools.wait(state, "waiting", nowMs + waitMs);
      tools.say(`${fault}, again in ${Math.round(waitMs)} ms`);
    },
    spread: (longMs) => (longMs / 2) * (1 + viewOf(crypto.random(4)).getUint32(0, true) / 2 ** 32),
    drop(state, stage, fault, sequence) {
      if (state.journal.state.job !== undefined) tools.record(state, { kind: "abandoned" });
      effects.push({ kind: "forget", name: OWN.update });
      state.offer = undefined;
      state.fetching = undefined;
      state.verdict = { sequence, stage, fault, percent: 0 };
      tools.wait(state, "idle", NEVER);
      tools.say(`release ${sequence} ${stage}: ${fault}`);
      tools.report(state);
    },
    halt(state, fault) {
      state.isFresh = false;
      state.fetching = undefined;
      tools.wait(state, "halted", NEVER);
      tools.say(fault);
    },
    report(state) {
      if (!state.isLinked) return;
      const { sequence, epoch } = state.journal.state.confirmed;
      const payload = encodeUnitState({ sequence, epoch, attempt: attemptOf(state, sectorBytes) });
      tools.emit({ kind: "publish", topic: UP.state, payload, retain: true });
    },
    slotOf: (kind, slotBits) =>
      (slots.get(kind) as readonly [SlotRegion, SlotRegion])[((slotBits >> kind) & 1) as 0 | 1],
  };
  return tools;
}
