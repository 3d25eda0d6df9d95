/**
 * Records the app failures that units report, in the journal and the last one of each unit whole, at a bounded rate: a broken release on a large fleet, or a unit that
 * lies, must not crowd everything else out of the journal.
 */
import { withFaultNames } from "#base/faults.ts";
import { keepCrash, oneLine } from "#cloud/crashes.ts";
import { createPace } from "#cloud/rollout/pace.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { decodeAppFailure } from "#wire/link/app-failure.ts";
import { isCrash } from "#wire/sessions/unit-log.ts";

/** For one unit, and for all together: so many at once, and one more each time. */
const EACH = { burst: 4, everyMs: 600_000 };
const ALL = { burst: 200, everyMs: 10_000 };

interface AppFailures {
  /** Takes down what a unit said on `failure`. False: it is no failure, or one too many. */
  took(device: string, payload: Uint8Array): boolean;
}

/**
 * @param nowMs The time of day, for the journal.
 * @param upMs  The up time (up-clock.ts), in which the rate is counted.
 */
export function createAppFailures(
  queue: Pick<WriteQueue, "event" | "also">,
  nowMs: () => number,
  upMs: () => number,
): AppFailures {
  const each = createPace(EACH);
  const all = createPace(ALL);
  return {
    took(device, payload) {
      const failure = decodeAppFailure(payload);
      if (!failure.ok) return false;
      const now = upMs();
      if (each.take(device, now) === undefined || all.take("", now) === undefined) return false;
      const { release, name, message, missed, fault } = failure.value;
      if (isCrash(fault)) keepCrash(queue, device, nowMs(), payload);
      const more = missed === 0 ? "" : ` (and ${missed} more failures before)`;
      const because = oneLine(`release ${release}, ${name}: ${withFaultNames(message)}${more}`);
      queue.event({ at_ms: nowMs(), subject: device, what: "app failed", because });
      return true;
    },
  };
}
