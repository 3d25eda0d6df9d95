/**
 * Limits the requests that each caller may send to a unit through the relay. Callers are counted by their branch of the
 * chain, not by session or key, since one guest can open several sessions and sign any number of keys. A quarter of the
 * budget is reserved for callers with a grant for this one unit, such as its owner.
 * @source PROTOCOL 7.7
 */
import { createPace } from "#cloud/rollout/pace.ts";
import type { Caller } from "./caller-gate.ts";

/** Requests to one unit: of all its callers, of those who are not first (Caller.isFirst), of one branch. */
const ASKS_DEVICE = { burst: 40, everyMs: 25 };
const ASKS_OTHERS = { burst: 30, everyMs: 33 };
const ASKS_BRANCH = { burst: 10, everyMs: 100 };
/**
 * Handshakes: a unit takes one every two seconds over its relay in the long run (PROTOCOL 5.14). One branch has a quarter of
 * these, all who are not first three quarters.
 */
const HANDSHAKES_OTHERS = { burst: 4, everyMs: 2_667 };
const HANDSHAKES_BRANCH = { burst: 4, everyMs: 8_000 };
/** How long a request may be held back to keep to that. */
const HOLD_MS = 2_000;

interface RelayBudget {
  /** Whether this caller may begin a handshake now. */
  takeHandshake(caller: Caller, nowMs: number): boolean;
  /** Milliseconds that a request has to wait; undefined when that would be too long: it is dropped. */
  takeAsk(caller: Caller, nowMs: number): number | undefined;
}

export function createRelayBudget(): RelayBudget {
  const asks = { device: createPace(ASKS_DEVICE), others: createPace(ASKS_OTHERS), branch: createPace(ASKS_BRANCH) };
  const handshakes = { others: createPace(HANDSHAKES_OTHERS), branch: createPace(HANDSHAKES_BRANCH) };
  return {
    takeHandshake({ branch, device, isFirst }, nowMs) {
      if (handshakes.branch.take(branch, nowMs) === undefined) return false;
      return isFirst || handshakes.others.take(device.id, nowMs) !== undefined;
    },
    takeAsk({ branch, device, isFirst }, nowMs) {
      const own = asks.branch.take(branch, nowMs, HOLD_MS);
      const others = own === undefined || isFirst ? own : asks.others.take(device.id, nowMs, HOLD_MS);
      const units = others === undefined ? undefined : asks.device.take(device.id, nowMs, HOLD_MS);
      return own === undefined || others === undefined || units === undefined
        ? undefined
        : Math.max(own, others, units);
    },
  };
}
