/** What a running app consists of, for the parts of the runtime that run it, wake it and keep its values. */
import type { SettingValue } from "#wire/describe.ts";
import type { AppClock } from "./app-clock.ts";
import type { AppHistory } from "./app-history.ts";
import type { App, AppIo } from "./app-interface.ts";
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
  /** Asks the board for a `timer` event when the next thing is due; called when something new waits. */
  arm(): void;
  /** Told of each failure: in which function or variable, and what was thrown. A fatal one ends the run. */
  failed(name: string, thrown: unknown, isFatal?: boolean): void;
}
