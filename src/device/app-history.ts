/** The last values of variables that ask for it, in rings in memory: gone with the power, a restart, a reset and a resale. */
import type { Cbor } from "#codec/cbor.ts";
import { HISTORY_VALUES_MAX, historyItem, type KeptValue } from "#wire/sessions/history.ts";
import type { App } from "./app-interface.ts";

interface Ring {
  readonly name: string;
  readonly isBool: boolean;
  readonly intervalMs: number;
  /** NaN where the app threw, or its value did not fit. */
  readonly values: Float64Array;
  /** Kept so far, those that were overwritten included. */
  total: number;
  dueMs: number;
  /** When the last one was kept. */
  atMs: number;
  /** A read that the app promised has not come yet. */
  isBusy: boolean;
  /** How often it was emptied: what was read before is not kept after. */
  emptied: number;
}

/** Until the first value: an app that opens its sensors takes a moment. */
const FIRST_MS = 1_000;

export type AppHistory = readonly Ring[];

/** Empty rings; the first values are due when the app has started. */
export function createHistory(app: App, nowMs: number): AppHistory {
  return Object.entries(app.variables ?? {}).flatMap(([name, { value, history }]) => {
    if (history === undefined) return [];
    const values = new Float64Array(history.count);
    const ring = { name, isBool: value?.type === "bool", intervalMs: history.interval, values };
    const dueMs = nowMs + Math.min(FIRST_MS, history.interval);
    return [{ ...ring, total: 0, dueMs, atMs: nowMs, isBusy: false, emptied: 0 }];
  });
}

export function nextHistoryMs(history: AppHistory): number {
  return history.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY);
}

/**
 * Takes the values that are due.
 * @param read Reads a variable, now or later: undefined where the app threw, or its value does not fit.
 */
export function keepHistory(
  history: AppHistory,
  nowMs: number,
  read: (name: string, then: (value: unknown) => void) => void,
): void {
  for (const ring of history) {
    if (nowMs < ring.dueMs) continue;
    // A long pause, as of a unit that slept, leaves no values behind that nobody measured.
    ring.dueMs = Math.max(ring.dueMs + ring.intervalMs, nowMs + ring.intervalMs / 2);
    if (ring.isBusy) continue;
    ring.isBusy = true;
    const { emptied } = ring;
    read(ring.name, (value) => {
      ring.isBusy = false;
      if (ring.emptied !== emptied) return;
      ring.values[ring.total++ % ring.values.length] = value === undefined ? Number.NaN : Number(value);
      ring.atMs = nowMs;
    });
  }
}

/** @param from The number of the first value wanted. @returns Undefined where the variable keeps none, or that is no number. */
export function historyPart(
  history: AppHistory,
  name: string,
  from: Cbor | undefined,
  nowMs: number,
): Cbor | undefined {
  const ring = history.find((each) => each.name === name);
  if (ring === undefined || typeof from !== "number" || !Number.isSafeInteger(from) || from < 0) return undefined;
  const { total, values, intervalMs, isBool, atMs } = ring;
  const first = Math.min(total, Math.max(from, total - values.length));
  const told: KeptValue[] = [];
  for (let number = first; number < total && told.length < HISTORY_VALUES_MAX; number++) {
    const value = values[number % values.length] as number;
    told.push(Number.isNaN(value) ? null : isBool ? value !== 0 : value);
  }
  return historyItem({ first, total, intervalMs, ageMs: Math.max(0, Math.floor(nowMs - atMs)), values: told });
}

/** The unit was reset or passed on: whoever has it now sees nothing of before. */
export function forgetHistory(history: AppHistory): void {
  for (const ring of history) {
    ring.values.fill(Number.NaN);
    ring.total = 0;
    ring.emptied++;
  }
}
