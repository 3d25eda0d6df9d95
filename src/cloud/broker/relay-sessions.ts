/**
 * The relay sessions that are open at once. When a new one exceeds a limit, the session with the weakest claim ends.
 */
import type { RelayedRequest } from "#wire/link/relay.ts";
import type { Caller } from "./caller-gate.ts";

/** Sessions at once: of one branch; to one unit, of those who are not first (Caller.isFirst); under one root, on whatever units; in all. */
const BRANCH_MAX = 4;
const OTHERS_MAX = 24;
const ROOT_MAX = 256;
const SESSIONS_MAX = 4_096;

export interface RelaySession {
  readonly caller: Caller;
  usedAtMs: number;
  /** Our tags of what this caller asked, the oldest first. */
  readonly tags: string[];
  /** What this caller asked while the unit slept. */
  readonly waiting: RelayedRequest[];
}

/**
 * The session that a new caller's takes the place of, if any: the least recently used of its branch, else of its root, else of
 * the unit's callers who are not first.
 * @param sessions The least recently used first.
 * @returns `full` when there is no place and none of these to take.
 */
export function placeFor(
  caller: Caller,
  sessions: ReadonlyMap<string, RelaySession>,
): RelaySession | "full" | undefined {
  const alike = { branch: [] as RelaySession[], root: [] as RelaySession[], others: [] as RelaySession[] };
  for (const session of sessions.values()) {
    const each = session.caller;
    if (each.branch === caller.branch) alike.branch.push(session);
    if (each.root === caller.root) alike.root.push(session);
    if (each.device.id === caller.device.id && !each.isFirst) alike.others.push(session);
  }
  if (alike.branch.length >= BRANCH_MAX) return alike.branch[0];
  if (!caller.isFirst && alike.others.length >= OTHERS_MAX) return alike.others[0];
  if (alike.root.length >= ROOT_MAX) return alike.root[0];
  if (sessions.size < SESSIONS_MAX) return undefined;
  return alike.branch[0] ?? (caller.isFirst ? alike.others[0] : undefined) ?? "full";
}
