/** Durations, which always name their unit: 500ms, 90s, 15m, 2h, 30d, 2w. */
import { groupsOf, ValueError } from "./value-error.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const EXPECTED = "a number and its unit: ms, s, m (minutes), h, d or w, as 90s, 2h or 30d";
/** A century: enough for whoever gives a key for good, and within what every format here can say. */
const DURATION_MAX_MS = 36_525 * 86_400_000;

/** A duration in milliseconds, above zero. */
export function durationMsOf(option: string, text: string, max: { readonly maxMs?: number } = {}): number {
  const [digits, unit] = groupsOf(option, text, /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d|w)$/, EXPECTED) as [
    string,
    string,
  ];
  const ms = Math.round(Number(digits) * (UNIT_MS[unit] as number));
  const { maxMs = DURATION_MAX_MS } = max;
  if (ms > 0 && ms <= maxMs) return ms;
  throw new ValueError(`${option}: ${text} is out of range (expected more than nothing and at most ${textOf(maxMs)})`);
}

/** A duration in whole seconds, at least one. */
export function durationSOf(option: string, text: string): number {
  const ms = durationMsOf(option, text);
  if (ms % 1_000 === 0) return ms / 1_000;
  throw new ValueError(`${option}: ${text} is not a whole number of seconds (expected as 90s or 2h)`);
}

/** A time limit in milliseconds: a duration, or a bare number of seconds, which such options have always taken. */
export function timeoutMsOf(option: string, text: string): number {
  return durationMsOf(option, /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
}

/** What a person writes for so many milliseconds, in the largest unit that fits. */
export function textOf(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, unitMs] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** Seconds: a bare number, which may be zero, or a duration. */
export function secondsOf(option: string, text: string): number {
  if (/^0+$/.test(text)) return 0;
  return timeoutMsOf(option, text) / 1_000;
}
