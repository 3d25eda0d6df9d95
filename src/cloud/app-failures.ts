/**
 * What units tell of their apps' failures, kept in the journal within bounds: a broken release on a large fleet, or a unit that
 * lies, must not crowd everything else out of it.
 */
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { decodeAppFailure } from "#wire/link/app-failure.ts";

/** For one unit, and for all together: so many at once, and one more each time. */
const EACH = { burst: 4, everyMs: 600_000 };
const ALL = { burst: 200, everyMs: 10_000 };

interface Bucket {
  turns: number;
  atMs: number;
}

/** Takes a turn, or tells that there is none. */
function takeTurn(bucket: Bucket, rule: typeof EACH, nowMs: number): boolean {
  const back = Math.floor((nowMs - bucket.atMs) / rule.everyMs);
  if (back > 0) {
    bucket.turns = Math.min(rule.burst, bucket.turns + back);
    bucket.atMs += back * rule.everyMs;
  }
  if (bucket.turns === 0) return false;
  bucket.turns--;
  return true;
}

/** A unit's text as one line, whatever the unit sent. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");

export interface AppFailures {
  /** Takes down what a unit said on `failure`. False: it is no failure, or one too many. */
  took(device: string, payload: Uint8Array): boolean;
}

export function createAppFailures(queue: Pick<WriteQueue, "event">, nowMs: () => number): AppFailures {
  const buckets = new Map<string, Bucket>();
  const all: Bucket = { turns: ALL.burst, atMs: nowMs() };
  return {
    took(device, payload) {
      const failure = decodeAppFailure(payload);
      if (!failure.ok) return false;
      const now = nowMs();
      const bucket = buckets.get(device) ?? { turns: EACH.burst, atMs: now };
      buckets.set(device, bucket);
      if (!takeTurn(bucket, EACH, now) || !takeTurn(all, ALL, now)) return false;
      const { release, name, message, missed } = failure.value;
      const more = missed === 0 ? "" : ` (and ${missed} more failures before)`;
      const because = oneLine(`release ${release}, ${name}: ${message}${more}`);
      queue.event({ at_ms: now, subject: device, what: "app failed", because });
      return true;
    },
  };
}
