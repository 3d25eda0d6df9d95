/** Sleep for apps that run on a battery. A bundle holds this only when the app imports it. */
import type { Cbor } from "#codec/cbor.ts";
import { keptValues, sleeperFor } from "#device/app-sleep.ts";
import type { WakeReason } from "#device/port.ts";

const LONGEST_S = 30 * 86_400;

export interface SleepOptions {
  /** Seconds from now, up to 30 days. */
  readonly forS?: number;
  /** A pin of the board that wakes the unit when its value changes. */
  readonly untilPin?: string;
}

type Kept<T> = {
  [K in keyof T]: T[K] extends number ? number : T[K] extends boolean ? boolean : T[K] extends string ? string : T[K];
};

/**
 * Puts the unit to sleep: for a time, until a pin changes, or whichever comes first. The unit reports to its cloud before, answers
 * the calls that wait there and takes what is new for it, then switches itself off. It wakes by a new start. The last call before the
 * unit sleeps counts. @throws RangeError for a time that is none; Error when neither is given, or the board can't sleep.
 */
export function sleep({ forS, untilPin = "" }: SleepOptions): void {
  if (forS === undefined && untilPin === "") throw new Error("sleep: give forS, untilPin or both");
  if (forS !== undefined && !(forS > 0 && forS <= LONGEST_S)) {
    throw new RangeError(`sleep: ${forS} seconds (expected more than 0, at most ${LONGEST_S})`);
  }
  const sleeper = sleeperFor("sleep");
  const { clock, pins } = sleeper.unit.port;
  if (untilPin !== "") pins.read(untilPin);
  const untilMs = forS === undefined ? Number.POSITIVE_INFINITY : clock.milliseconds() + forS * 1_000;
  sleeper.wish = { untilMs, pin: untilPin };
  sleeper.wake();
}

/** Why the unit runs: "timer" or "pin" ended its sleep, or "button"; "start" after anything else, as power or an update. */
export function wokenBy(): WakeReason {
  return sleeperFor("wokenBy").port.wokenBy;
}

/**
 * Values in the memory that a sleep keeps: assign to the members of what it gives. A power cut, an update and any other restart set them
 * back to the first values; `io.state` survives those, at the price of a write to flash.
 * @param first At most 256 bytes of CBOR. The first call of a run counts.
 */
export function retained<T extends Readonly<Record<string, Cbor>>>(first: T): Kept<T> {
  const sleeper = sleeperFor("retained");
  if (sleeper.kept === undefined) {
    const kept = keptValues(sleeper);
    const isAlike = (name: string) =>
      typeof kept.get(name) === typeof first[name] && Array.isArray(kept.get(name)) === Array.isArray(first[name]);
    sleeper.kept = Object.fromEntries(
      Object.entries(first).map(([name, value]) => [name, isAlike(name) ? kept.get(name) : value]),
    );
  }
  return sleeper.kept as Kept<T>;
}
