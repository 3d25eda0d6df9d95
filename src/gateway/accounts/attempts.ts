/**
 * Limits guesses of passwords and codes without a way to lock somebody else out. Failures are counted per name and
 * address; a name has a common budget only for addresses from which it never logged in. So an attacker uses up the budget of
 * strangers, and the account's owner still logs in from where they did before, or with a passkey.
 */

/** Failures that are free, then the wait doubles from a second to fifteen minutes. */
const FREE = 5;
const WAIT_MAX_MS = 900_000;
/** Failures of all strangers together at one name within the window. */
const STRANGERS_MAX = 50;
const WINDOW_MS = 900_000;
const REMEMBERED_MAX = 10_000;

interface Failures {
  count: number;
  untilMs: number;
  lastMs: number;
}

export interface Attempts {
  /** How many milliseconds this address must wait before it may try this name; 0: none. */
  waitMs(name: string, peer: string): number;
  failed(name: string, peer: string): void;
  succeeded(name: string, peer: string): void;
}

export function createAttempts(nowMs: () => number): Attempts {
  const byPeer = new Map<string, Failures>();
  const byName = new Map<string, Failures>();
  const friends = new Map<string, true>();
  const keyOf = (name: string, peer: string) => JSON.stringify([name.toLowerCase(), peer]);

  function bump(map: Map<string, Failures>, key: string, free: number): void {
    const now = nowMs();
    const before = map.get(key);
    const count = before === undefined || now - before.lastMs > WINDOW_MS ? 1 : before.count + 1;
    const wait = count < free ? 0 : Math.min(WAIT_MAX_MS, 1_000 * 2 ** Math.min(count - free, 20));
    map.delete(key);
    map.set(key, { count, untilMs: now + wait, lastMs: now });
    const oldest = map.keys().next();
    if (map.size > REMEMBERED_MAX && !oldest.done) map.delete(oldest.value);
  }
  const left = (failures: Failures | undefined) => Math.max(0, (failures?.untilMs ?? 0) - nowMs());

  return {
    waitMs(name, peer) {
      const key = keyOf(name, peer);
      const own = left(byPeer.get(key));
      return friends.has(key) ? own : Math.max(own, left(byName.get(name.toLowerCase())));
    },
    failed(name, peer) {
      const key = keyOf(name, peer);
      bump(byPeer, key, FREE);
      if (!friends.has(key)) bump(byName, name.toLowerCase(), STRANGERS_MAX);
    },
    succeeded(name, peer) {
      const key = keyOf(name, peer);
      byPeer.delete(key);
      friends.delete(key);
      friends.set(key, true);
      const oldest = friends.keys().next();
      if (friends.size > REMEMBERED_MAX && !oldest.done) friends.delete(oldest.value);
    },
  };
}
