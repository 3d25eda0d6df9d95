/**
 * The nonces that callers of one unit have spent within the last minute. They are kept in memory only, since nothing of
 * a caller is written down: nonces that were given before this process started are not taken.
 */
import { NONCE_LIFE_MS } from "./nonces.ts";

export interface SpentNonces {
  /** `spent`: it was used before. `full`: too many of this unit's callers came within a minute. */
  spend(unit: string, nonce: string, givenMs: number, nowMs: number): "ok" | "spent" | "full";
}

/** Visits of one unit's callers that may begin within a minute. */
const UNIT_MAX = 128;

export function createSpentNonces(startedMs: number): SpentNonces {
  const spent = new Map<string, Map<string, number>>();
  return {
    spend(unit, nonce, givenMs, nowMs) {
      if (givenMs < startedMs) return "spent";
      const own = spent.get(unit) ?? new Map<string, number>();
      // The oldest were inserted first.
      for (const [each, untilMs] of own) {
        if (untilMs > nowMs) break;
        own.delete(each);
      }
      if (own.has(nonce)) return "spent";
      if (own.size >= UNIT_MAX) return "full";
      own.set(nonce, nowMs + NONCE_LIFE_MS);
      spent.set(unit, own);
      return "ok";
    },
  };
}
