/**
 * The time as the maker's code sees it: the best that the unit knows, with its grade. Rights are never decided by it; the gate
 * has a time of its own (gate/time.ts).
 */
import { type SignedInterval, type TimeState, timeAt, widened } from "#trust/time-floor.ts";

/**
 * unknown: nothing is known. floor: the present is not before. hint: someone said so without proof (SNTP, or whoever sent the
 * network's credentials). vouched: the owner's phone signed it. trusted: the maker's time key signed it.
 */
type AppTimeGrade = "unknown" | "floor" | "hint" | "vouched" | "trusted";

export interface AppTime {
  readonly grade: AppTimeGrade;
  /** Unix seconds; undefined when unknown, and the earliest that the present can be with the grade floor. */
  readonly seconds: number | undefined;
}

export interface AppClock {
  trusted: TimeState | undefined;
  vouched: SignedInterval | undefined;
  hint: { readonly atS: number; readonly atMs: number } | undefined;
  floorS: number | undefined;
}

export function createAppClock(floorS: number | undefined): AppClock {
  return { trusted: undefined, vouched: undefined, hint: undefined, floorS };
}

const middleOf = ({ earliestS, latestS }: { earliestS: number; latestS: number }) => (earliestS + latestS) / 2;

/** @param nowMs The board's milliseconds. */
export function appTime({ trusted, vouched, hint, floorS }: AppClock, nowMs: number): AppTime {
  const time = trusted && timeAt(trusted, nowMs);
  if (time?.grade === "trusted") return { grade: "trusted", seconds: middleOf(time) };
  if (vouched !== undefined) return { grade: "vouched", seconds: middleOf(widened(vouched, nowMs, undefined)) };
  const hintedS = hint && hint.atS + (nowMs - hint.atMs) / 1_000;
  // Whoever says that it is earlier than what is proved is wrong.
  if (hintedS !== undefined && hintedS >= (floorS ?? 0)) return { grade: "hint", seconds: hintedS };
  return floorS === undefined ? { grade: "unknown", seconds: undefined } : { grade: "floor", seconds: floorS };
}
