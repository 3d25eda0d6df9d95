/** One part of a variable's kept values, as the unit answers a read with the argument `history` (PROTOCOL 5.40). */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";

/** Values in one answer: with nine bytes each, and what stands around them, it fits into a record. */
export const HISTORY_VALUES_MAX = 200;

/** A kept value; null where the app could not be read. */
export type KeptValue = number | boolean | null;

export interface HistoryPart {
  /** Number of the first value told; the unit counts from 0 at its start. */
  readonly first: number;
  /** How many values it has kept so far, those that were overwritten included. */
  readonly total: number;
  /** Between two values, milliseconds. */
  readonly intervalMs: number;
  /** Since the last value was kept, milliseconds. */
  readonly ageMs: number;
  readonly values: readonly KeptValue[];
}

export function historyItem({ first, total, intervalMs, ageMs, values }: HistoryPart): Cbor {
  return [first, total, intervalMs, ageMs, values as Cbor];
}

/** @returns The part; SESSION_ANSWER for what is none. */
export function readHistory(item: Cbor): Result<HistoryPart> {
  const [first, total, intervalMs, ageMs, values] = Array.isArray(item) ? (item as readonly Cbor[]) : [];
  const numbers = [first, total, intervalMs, ageMs];
  if (!numbers.every((each) => Number.isSafeInteger(each) && (each as number) >= 0)) return refuse("SESSION_ANSWER");
  const isKept = (value: Cbor) => value === null || typeof value === "number" || typeof value === "boolean";
  if (!Array.isArray(values) || values.length > HISTORY_VALUES_MAX || !values.every(isKept)) {
    return refuse("SESSION_ANSWER");
  }
  const [from = 0, all = 0, every = 0, age = 0] = numbers as number[];
  return ok({ first: from, total: all, intervalMs: every, ageMs: age, values: values as unknown as KeptValue[] });
}
