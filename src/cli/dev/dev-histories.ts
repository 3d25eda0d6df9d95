/** Reads the histories that the unit keeps of its variables: each when there may be a new value, and of it what is new. */
import type { Result } from "#base/faults.ts";
import type { KeptHistory } from "#web/dev/interface.ts";
import type { Description } from "#wire/describe.ts";
import type { HistoryPart } from "#wire/sessions/history.ts";

/** So that a history of many values a second does not keep the unit busy. */
const EVERY_MS_MIN = 2_000;

interface Kept {
  readonly next: number;
  readonly readAtMs: number;
  readonly history: KeptHistory;
}

interface DevHistories {
  /** Reads those that are due. @returns All that is known, by name; undefined where nothing is new. */
  read(
    description: Description,
    nowMs: () => number,
    historyOf: (name: string, from: number) => Promise<Result<HistoryPart>>,
  ): Promise<Readonly<Record<string, KeptHistory>> | undefined>;
  /** The unit starts anew: it keeps new values. */
  reset(): void;
}

/** What is known now: the new values behind the known ones, as many as the unit keeps; or the new ones alone, where it began anew. */
function joined(
  { first, ageMs, intervalMs, values }: HistoryPart,
  known: Kept | undefined,
  count: number,
  nowMs: number,
): Kept {
  const before = known !== undefined && known.next === first ? known.history.values : [];
  const history = { intervalMs, lastAtMs: nowMs - ageMs, values: [...before, ...values].slice(-count) };
  return { next: first + values.length, readAtMs: nowMs, history };
}

export function createDevHistories(): DevHistories {
  const known = new Map<string, Kept>();
  return {
    async read({ variables }, nowMs, historyOf) {
      let isNew = false;
      for (const [name, { history }] of Object.entries(variables)) {
        if (history === undefined) continue;
        const before = known.get(name);
        const everyMs = Math.max(EVERY_MS_MIN, history.everyS * 1_000);
        // Before the first value is kept, there may be one at any moment.
        const isDue = before === undefined || before.next === 0 || nowMs() - before.readAtMs >= everyMs;
        if (!isDue) continue;
        const told = await historyOf(name, before?.next ?? 0);
        if (!told.ok) break;
        if (before !== undefined && told.value.total < before.next) {
          // It forgot what it kept: read from the first one in the next round.
          known.delete(name);
          continue;
        }
        const now = joined(told.value, before, history.count, nowMs());
        known.set(name, now);
        isNew ||= told.value.values.length > 0;
      }
      if (!isNew) return undefined;
      const all = [...known].filter(([, { history }]) => history.values.length > 0);
      return Object.fromEntries(all.map(([name, { history }]) => [name, history]));
    },
    reset: () => known.clear(),
  };
}
