/**
 * The unit's open sessions, and the unfinished handshakes. They are kept in separate tables, so that a handshake which
 * nobody finishes never displaces a session.
 * @source PROTOCOL 5.12 to 5.15
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Responded } from "#trust/sessions/edhoc-responder.ts";
import type { RecordKeys } from "#trust/sessions/sealed-record.ts";

const SESSIONS_MAX = 4;
/**
 * Sessions of one branch: for example a phone and a tablet, or a phone and a delegated key. The oldest one gives way.
 */
const SESSIONS_A_BRANCH_MAX = 2;
const IDLE_MS = 300_000;
const HALF_OPEN_MAX = 4;
const HALF_OPEN_A_SOURCE_MAX = 2;
const HALF_OPEN_MS = 10_000;
/** Identifiers of one byte that EDHOC writes as one byte, without 0, which every caller has for itself. */
const IDS: readonly number[] = [...Array(24).keys(), ...Array.from({ length: 24 }, (_, i) => i + 32)].slice(1);

export interface HalfOpen {
  readonly id: number;
  readonly source: string;
  readonly responded: Responded;
  readonly startedAtMs: number;
}

/** What a table knows of a session, whatever its owner keeps with it. */
export interface TableSession {
  /** C_R as its one byte. */
  readonly id: number;
  readonly keys: RecordKeys;
  /** Public key of whoever holds the session. */
  readonly holder: Uint8Array;
  /** Whom the session is counted for, with all whom that one handed keys to (branchOf in state.ts). */
  readonly branch: Uint8Array;
  /** The owner's own session may take the place of another's. */
  readonly isOwner: boolean;
  /** The end of the message 3 that opened it: the same one again is answered as before. */
  readonly message3Tag: Uint8Array;
  usedAtMs: number;
}

export interface SessionTable<S extends TableSession> {
  readonly open: S[];
  readonly half: HalfOpen[];
}

export function createSessionTable<S extends TableSession>(): SessionTable<S> {
  return { open: [], half: [] };
}

function removeFrom<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/** Drops what has timed out. */
export function sweep<S extends TableSession>(table: SessionTable<S>, nowMs: number): void {
  for (const half of [...table.half]) if (nowMs - half.startedAtMs >= HALF_OPEN_MS) removeFrom(table.half, half);
  for (const session of [...table.open]) if (nowMs - session.usedAtMs >= IDLE_MS) removeFrom(table.open, session);
}

/** An identifier that no session and no handshake has. @param chance One random byte. */
export function freshId<S extends TableSession>(table: SessionTable<S>, chance: number): number {
  for (let at = chance % IDS.length; ; at = (at + 1) % IDS.length) {
    const id = IDS[at] as number;
    const isOther = (each: { readonly id: number }) => each.id !== id;
    if (table.open.every(isOther) && table.half.every(isOther)) return id;
  }
}

/** Keeps a handshake until its message 3. The oldest of a source that has two gives way, else the oldest of all. */
export function addHalfOpen<S extends TableSession>(table: SessionTable<S>, half: HalfOpen): void {
  const own = table.half.filter(({ source }) => source === half.source);
  if (own.length >= HALF_OPEN_A_SOURCE_MAX) removeFrom(table.half, own[0] as HalfOpen);
  else if (table.half.length >= HALF_OPEN_MAX) table.half.shift();
  table.half.push(half);
}

/** Ends a handshake, whatever became of it. */
export function dropHalfOpen<S extends TableSession>(table: SessionTable<S>, half: HalfOpen): void {
  removeFrom(table.half, half);
}

export function dropSession<S extends TableSession>(table: SessionTable<S>, session: S): void {
  removeFrom(table.open, session);
}

function leastUsed<S extends TableSession>(sessions: readonly S[]): S | undefined {
  return [...sessions].sort((a, b) => a.usedAtMs - b.usedAtMs)[0];
}

/**
 * Takes a session whose handshake is complete into the table. When there is no room, an older one of the same branch
 * gives way; for the owner, anyone's but the owner's own; else SESSION_FULL.
 */
export function admit<S extends TableSession>(table: SessionTable<S>, session: S): Result<void> {
  const own = table.open.filter(({ branch }) => equal(branch, session.branch));
  const isFull = table.open.length >= SESSIONS_MAX;
  if (own.length >= SESSIONS_A_BRANCH_MAX) removeFrom(table.open, leastUsed(own) as S);
  else if (isFull) {
    const others = session.isOwner ? table.open.filter(({ isOwner }) => !isOwner) : [];
    const gone = leastUsed(own) ?? leastUsed(others);
    if (gone === undefined) return refuse("SESSION_FULL");
    removeFrom(table.open, gone);
  }
  table.open.push(session);
  return ok(undefined);
}

/** When the next of them times out, in board milliseconds. */
export function nextTimeoutMs<S extends TableSession>(table: SessionTable<S>): number {
  return Math.min(
    ...table.half.map(({ startedAtMs }) => startedAtMs + HALF_OPEN_MS),
    ...table.open.map(({ usedAtMs }) => usedAtMs + IDLE_MS),
  );
}
