/**
 * The time as a unit without a clock knows it, in three grades (PROTOCOL 4.9): nothing; that it is not before some
 * second; or an interval that holds the present second. Seconds are Unix time, milliseconds the board's own.
 */
import { ok, type Result, refuse } from "#base/faults.ts";

export type Time =
  | { readonly grade: "unknown" }
  | { readonly grade: "floor"; readonly earliestS: number }
  | {
      readonly grade: "trusted";
      readonly earliestS: number;
      readonly latestS: number;
      /** How long ago the unit gave the nonce that was signed; a statement of unknown age counts as too old. */
      readonly ageS?: number;
    };

/** How far a board's oscillator may be off, in seconds a second. A crystal keeps a tenth of it. */
const DRIFT = 500e-6;
/** The longest that the maker's time may take from the unit's asking to its arrival. */
export const NONCE_AGE_MAX_MS = 60_000;
/** The floor is worth a write to flash when it has risen by this much. */
export const PERSIST_STEP_S = 6 * 3600;

/** At `atMs` on the board's clock the present was between the two seconds; the nonce was given at `askedMs`. */
export interface SignedInterval {
  readonly askedMs: number;
  readonly atMs: number;
  readonly earliestS: number;
  readonly latestS: number;
}

export interface TimeState {
  /** The present is not before this second; undefined until the first build time or signature is known. */
  readonly floorS: number | undefined;
  /** What was last written, or is on its way to flash. */
  readonly persistedS: number | undefined;
  /** The last signed time. Gone after a restart. */
  readonly signed: SignedInterval | undefined;
}

/** The state at start: the later of the image's build time and the persisted floor. */
export function startTime(buildS: number | undefined, persistedS: number | undefined): TimeState {
  const known = [buildS, persistedS].filter((each) => each !== undefined);
  return { floorS: known.length === 0 ? undefined : Math.max(...known), persistedS, signed: undefined };
}

/**
 * Takes a second that a key signed over the unit's own nonce as the present.
 * @param signedS   What was signed.
 * @param askedMs   When the unit gave the nonce, board milliseconds.
 * @param nowMs     Now, on the same clock.
 * @param ageMaxMs  The longest that the answer may have taken.
 * @returns The interval at nowMs, or TIME_STALE (asked too long ago).
 * @source PROTOCOL 4.10
 */
export function intervalOf(
  signedS: number,
  askedMs: number,
  nowMs: number,
  ageMaxMs = NONCE_AGE_MAX_MS,
): Result<SignedInterval> {
  const tookMs = nowMs - askedMs;
  if (tookMs < 0 || tookMs > ageMaxMs) return refuse("TIME_STALE");
  // It was signed at some moment between question and answer, within a second that it names.
  const latestS = signedS + Math.ceil((tookMs * (1 + DRIFT)) / 1000) + 1;
  return ok({ askedMs, atMs: nowMs, earliestS: signedS, latestS });
}

/**
 * What two statements of one signer say together, at the moment of the later one: both where they agree, so that a statement that
 * was long on its way makes nothing less exact; the later one alone where they don't.
 */
export function narrowed(before: SignedInterval | undefined, interval: SignedInterval): SignedInterval {
  if (before === undefined) return interval;
  const then = widened(before, interval.atMs, undefined);
  const earliestS = Math.max(then.earliestS, interval.earliestS);
  const latestS = Math.min(then.latestS, interval.latestS);
  return earliestS <= latestS ? { ...interval, earliestS, latestS } : interval;
}

/**
 * Takes the maker's signed time: the present becomes trusted and the floor rises to it.
 * @returns The new state, or TIME_STALE, or TIME_BEFORE_FLOOR (the past can't come back).
 */
export function acceptTime(state: TimeState, signedS: number, askedMs: number, nowMs: number): Result<TimeState> {
  const signed = intervalOf(signedS, askedMs, nowMs);
  if (!signed.ok) return signed;
  if (state.floorS !== undefined && signed.value.latestS < state.floorS) return refuse("TIME_BEFORE_FLOOR");
  return ok({ ...state, floorS: Math.max(state.floorS ?? 0, signedS), signed: signed.value });
}

/** What is known at a moment. The interval widens with the oscillator's drift since it was signed. */
export function timeAt(state: TimeState, nowMs: number): Time {
  if (state.signed !== undefined) return widened(state.signed, nowMs, state.floorS);
  return state.floorS === undefined ? { grade: "unknown" } : { grade: "floor", earliestS: state.floorS };
}

/** An interval that was right at its own moment, as it stands now. */
export function widened(
  signed: SignedInterval,
  nowMs: number,
  floorS: number | undefined,
): Time & { grade: "trusted" } {
  const elapsedS = Math.max(0, nowMs - signed.atMs) / 1000;
  const earliestS = Math.floor(signed.earliestS + elapsedS * (1 - DRIFT));
  const latestS = Math.ceil(signed.latestS + elapsedS * (1 + DRIFT));
  return {
    grade: "trusted",
    earliestS: Math.max(earliestS, floorS ?? 0),
    latestS: Math.max(latestS, floorS ?? 0),
    ageS: (nowMs - signed.askedMs) / 1000,
  };
}

/** The floor to write to flash now, or undefined while what is written is near enough. It never falls. */
export function floorToPersist(state: TimeState): number | undefined {
  if (state.floorS === undefined) return undefined;
  return state.persistedS === undefined || state.floorS - state.persistedS >= PERSIST_STEP_S ? state.floorS : undefined;
}

/** The state after the floor was written. */
export function persisted(state: TimeState): TimeState {
  return { ...state, persistedS: state.floorS };
}
