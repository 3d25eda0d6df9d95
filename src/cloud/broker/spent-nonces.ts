/**
 * The nonces that callers have spent within the last minute, by branch (caller-gate.ts). They are kept in memory only,
 * since the cloud stores nothing about a caller. Nonces that were issued before this process started are refused.
 */
import { NONCE_LIFE_MS } from "./nonces.ts";

interface SpentNonces {
  /** `spent`: it was used before. `full`: too many sessions of this branch began within a minute; other branches don't notice. */
  spend(branch: string, nonce: string, givenMs: number, nowMs: number): "ok" | "spent" | "full";
  /** How many branches are remembered. */
  readonly branches: number;
}

/** Sessions of one branch that may begin within a minute. */
const BRANCH_MAX = 64;

export function createSpentNonces(startedMs: number): SpentNonces {
  /** By branch; the branch that spent longest ago first. */
  const spent = new Map<string, Map<string, number>>();
  /** Forgets the nonces of a branch whose minute is over; the oldest were inserted first. */
  const prune = (own: Map<string, number>, nowMs: number): void => {
    for (const [each, untilMs] of own) {
      if (untilMs > nowMs) break;
      own.delete(each);
    }
  };
  return {
    spend(branch, nonce, givenMs, nowMs) {
      if (givenMs < startedMs) return "spent";
      for (const [each, nonces] of spent) {
        prune(nonces, nowMs);
        if (nonces.size > 0) break;
        spent.delete(each);
      }
      const own = spent.get(branch) ?? new Map<string, number>();
      prune(own, nowMs);
      if (own.has(nonce)) return "spent";
      if (own.size >= BRANCH_MAX) return "full";
      own.set(nonce, nowMs + NONCE_LIFE_MS);
      spent.delete(branch);
      spent.set(branch, own);
      return "ok";
    },
    get branches() {
      return spent.size;
    },
  };
}
