/**
 * Reports events of a unit's app as they happen, by polling: a unit keeps its last 16 events and sends none by
 * itself.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor } from "#codec/cbor.ts";
import type { Session } from "./session.ts";

export interface RaisedEvent {
  /** Counts from the unit's last start. */
  readonly number: number;
  readonly name: string;
  readonly value: Cbor;
}

/** Events after a number, of those that the session's chain may subscribe to; or what became of the session. */
export async function eventsAfter(session: Session, after: number): Promise<Result<readonly RaisedEvent[]>> {
  const answer = await session.request({ op: "events", after });
  if (!answer.ok) return answer;
  const events: RaisedEvent[] = [];
  for (const each of Array.isArray(answer.value) ? (answer.value as readonly Cbor[]) : []) {
    const [number, name, encoded] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    const value = encoded instanceof Uint8Array ? decodeCbor(encoded) : undefined;
    if (typeof number !== "number" || typeof name !== "string" || value?.ok === false) return refuse("SESSION_ANSWER");
    events.push({ number, name, value: value?.value ?? null });
  }
  return ok(events);
}

/** Tells new events from those that were shown, across sessions and restarts of the unit, after which it counts from one again. */
interface EventFilter {
  /** The number to ask from. */
  readonly after: number;
  /** What of an answer is new. */
  take(events: readonly RaisedEvent[]): readonly RaisedEvent[];
  /** A new session: the unit may have started again meanwhile, so everything is asked for once. */
  reopen(): void;
}

export function createEventFilter(): EventFilter {
  let last = 0;
  let isReopened = false;
  return {
    get after() {
      return isReopened ? 0 : last;
    },
    take(events) {
      const highest = events.at(-1)?.number ?? 0;
      // The same numbers go on as long as the unit runs: a lower end means that it started again.
      if (isReopened && highest < last) last = 0;
      isReopened = false;
      const fresh = events.filter(({ number }) => number > last);
      last = Math.max(last, highest);
      return fresh;
    },
    reopen() {
      isReopened = true;
    },
  };
}
