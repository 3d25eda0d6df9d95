/** The update machine's state in memory, its time limits, and its reports. */
import type { Fault } from "#base/faults.ts";
import type { Journal, TrialEnd } from "#wire/flash/journal.ts";
import type { UnitAttempt } from "#wire/link/unit-state.ts";
import type { Component } from "#wire/releases/release.ts";
import type { Maker, Offer } from "./memory.ts";
import type { TransferFetch } from "./transfer.ts";
import type { SlotWriter } from "./writer.ts";

/** Times that a board or a test may want otherwise, in milliseconds. */
export interface OtaTimes {
  /** The longest wait for an answer before it is asked for again. */
  readonly answerMs: number;
  /** A trial runs so long without a fault before it is confirmed. */
  readonly steadyMs: number;
  /** A trial that nobody reached by then goes back. */
  readonly trialMs: number;
  /** First wait after a crash of a trial, after silence or a power loss, after any other failure; each grows. */
  readonly crashMs: number;
  readonly missMs: number;
  readonly failureMs: number;
  readonly longestMs: number;
  /** An owner who doesn't answer has put a release off for so long (consent "defer"). */
  readonly deferMs: number;
}

export const OTA_TIMES: OtaTimes = {
  answerMs: 15_000,
  steadyMs: 10_000,
  trialMs: 180_000,
  crashMs: 2_000,
  missMs: 15_000,
  failureMs: 5_000,
  longestMs: 21_600_000,
  deferMs: 86_400_000,
};

/** What the machine waits for. */
export type Activity = "idle" | "consent" | "asking" | "fetching" | "waiting" | "halted" | "trial";

/** One component on its way. */
interface Fetching {
  readonly component: Component;
  readonly fetch: TransferFetch;
  readonly writer: SlotWriter;
}

export interface OtaState {
  maker: Maker | undefined;
  journal: Journal;
  activity: Activity;
  deadlineMs: number;
  isLinked: boolean;
  /** Tag of the revocations that were taken last. */
  revoked?: number;
  offer: Offer | undefined;
  nonce: Uint8Array | undefined;
  /** Whether the maker vouched for the offer since the link came up and since it was fetched. */
  isFresh: boolean;
  fetching: Fetching | undefined;
  failures: number;
  /** Answers in a row that did not come. */
  misses: number;
  /** Of a trial: the app's own verdict, and that somebody reached the unit. */
  isPassed: boolean;
  isProved: boolean;
  trialSinceMs: number;
  /** When a trial's question was not answered for so long that it is asked again. */
  askAtMs: number;
  /** An offer that no key of the set had signed: looked at again when the set changes. */
  unknown: Uint8Array | undefined;
  /** What became of the last offer, until there is another. */
  verdict: UnitAttempt | undefined;
}

export const NEVER = Number.POSITIVE_INFINITY;

export function initialOtaState(): OtaState {
  return {
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
    askAtMs: NEVER,
    unknown: undefined,
    verdict: undefined,
  };
}

export const END_FAULTS: Readonly<Record<TrialEnd, Fault>> = {
  silence: "TRIAL_SILENCE",
  power: "TRIAL_POWER",
  crash: "TRIAL_CRASH",
  watchdog: "TRIAL_WATCHDOG",
  selfTest: "TRIAL_SELF_TEST",
  outOfMemory: "TRIAL_OUT_OF_MEMORY",
  image: "TRIAL_IMAGE",
};

/** When a trial that nobody has answered yet asks once more. */
export function askAtMs({ activity, isLinked, isProved, askAtMs }: OtaState): number {
  return activity === "trial" && isLinked && !isProved ? askAtMs : NEVER;
}

/** Where the unit is with the release in hand, or what became of the last one. */
export function attemptOf(state: OtaState, sectorBytes: number): UnitAttempt | undefined {
  const { offer, activity } = state;
  const { job } = state.journal.state;
  if (offer === undefined) return state.verdict;
  const { sequence, components } = offer.release;
  const at = (stage: UnitAttempt["stage"], percent: number, fault?: Fault) => ({ sequence, stage, fault, percent });
  if (activity === "trial") return at("trial", 100);
  if (job === undefined || activity === "consent") return at("waiting", 0);
  if (job.lastEnd !== undefined) return at("rolledBack", 100, END_FAULTS[job.lastEnd]);
  if (job.phase !== "fetching") return at("verified", 100);
  let [all, done] = [0, 0];
  for (const { kind, imageBytes } of components) {
    all += imageBytes;
    done += Math.min(imageBytes, (job.progress[kind]?.sectors ?? 0) * sectorBytes);
  }
  return at("fetching", (100 * done) / all);
}
