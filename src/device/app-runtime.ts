/** What a running app consists of, for the parts of the runtime that run it, wake it and keep its values. */
import type { Fault, Result } from "#base/faults.ts";
import type { SettingValue } from "#wire/describe.ts";
import type { AppClock } from "./app-clock.ts";
import type { AppHistory } from "./app-history.ts";
import type { App, AppIo } from "./app-interface.ts";
import type { InnerEvent } from "./machine.ts";
import type { Port } from "./port.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Store } from "./store/store.ts";

/** An app's settings and state, in memory and as they lie in flash. */
export interface AppValues {
  /** Stay the same objects, since the maker's code may hold them. */
  readonly settings: Record<string, SettingValue>;
  readonly state: Record<string, unknown>;
  /** The state as it was last compared with what the app made of it. */
  stateBytes: Uint8Array;
  /** The state in memory is not in flash yet: it is written when the next turn comes. */
  isDue: boolean;
  readonly writes: RateLimit;
}

/** A timer of the app's (app-timers.ts). */
export interface AppTimer {
  readonly id: number;
  /** As a failure names it. */
  readonly name: string;
  readonly run: () => unknown;
  dueMs: number;
  /** Undefined for one that runs once. */
  readonly everyMs?: number | undefined;
  /** Of a timer of a time of day: seconds since midnight. */
  readonly ofDayS?: number | undefined;
  /** The local second up to which times of day were looked at; undefined while time or zone is not known. */
  seenS?: number | undefined;
  /** An async run has not ended: the next one is left out. */
  isBusy?: boolean;
}

/** A call that the app has not answered yet. */
export interface OwedAnswer {
  readonly name: string;
  readonly dueMs: number;
  /** Answers it, once. */
  answer(result: Result<Uint8Array>): void;
}

export interface AppRuntime {
  readonly app: App;
  readonly io: AppIo;
  readonly port: Port;
  readonly store: Store;
  readonly values: AppValues;
  readonly clock: AppClock;
  readonly timers: AppTimer[];
  readonly history: AppHistory;
  timerId: number;
  readonly owed: OwedAnswer[];
  /** How often its code was broken off lately; without turns left, the app is stopped. */
  readonly strikes: RateLimit;
  /** No timer runs before: the app rests for as long as its code last took. */
  restUntilMs: number;
  /** The last failure. */
  lastFault: Fault;
  /** Why the app is stopped: nothing of it runs any more. */
  stopped: Fault | undefined;
  /** What it threw at the start of a trial, which ends the run. */
  crash: { readonly error: unknown } | undefined;
  readonly raises: RateLimit;
  /** Events that were dropped in this run, and when that is told of again. */
  dropped: number;
  droppedAtMs: number;
  /** When a start counts as a good one, while there are bad ones to forget. */
  goodAtMs: number;
  /** Asks the board for a `timer` event when the next thing is due; called when something new waits. */
  arm(): void;
  /** Shows the machines an event: now, or with the board's next timer event where the app's code is at work. */
  tell(event: InnerEvent): void;
  /** Does the runtime's part of the work that the app's promises led to, in the same way. */
  later(work: () => void): void;
}
