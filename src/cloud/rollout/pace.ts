/** A rate limiter: the generic cell rate algorithm (ITU-T I.371 annex A), with one number of state per stream. */

interface PaceRule {
  /** How many may come at once. */
  readonly burst: number;
  /** Milliseconds from one to the next in the long run. */
  readonly everyMs: number;
}

interface Pace {
  /**
   * Takes a turn for a stream.
   * @returns Milliseconds that it has to wait, 0 within a burst; undefined, and no turn, when that is more than `waitMs`.
   */
  take(stream: string, nowMs: number, waitMs?: number): number | undefined;
}

/** Streams that are remembered; those that have nothing to wait for need no remembering. */
const STREAMS_MAX = 10_000;

export function createPace({ burst, everyMs }: PaceRule, streamsMax = STREAMS_MAX): Pace {
  /** When each stream would be due, were it to come evenly. */
  const due = new Map<string, number>();
  const slackMs = (burst - 1) * everyMs;
  return {
    take(stream, nowMs, waitMs = 0) {
      const dueMs = Math.max(nowMs, due.get(stream) ?? nowMs);
      const delayMs = Math.max(0, dueMs - slackMs - nowMs);
      if (delayMs > waitMs) return undefined;
      if (!due.has(stream) && due.size >= streamsMax) {
        for (const [each, atMs] of due) if (atMs <= nowMs) due.delete(each);
        // All of them busy: whoever is new waits until some are not.
        if (due.size >= streamsMax) return undefined;
      }
      due.set(stream, dueMs + everyMs);
      return delayMs;
    },
  };
}
