/**
 * What was asked of the unit and what it decided, without anything of a person: a few bytes of a grant's own number,
 * the right, the verdict. Entries are chained by hashes, so that one that was changed or taken out shows.
 * @source PROTOCOL 5.28
 */
import { concat, viewOf } from "#base/bytes.ts";
import { type Fault, faultNumber } from "#base/faults.ts";
import { createRateLimit, type RateLimit, takeTurn } from "#device/rate-limit.ts";
import type { Primitives } from "#trust/primitives.ts";
import {
  AUDIT_ENTRY_BYTES,
  AUDIT_LINK_BYTES,
  type AuditEntry,
  auditLink,
  encodeAuditEntry,
} from "#wire/sessions/audit.ts";

/** Entries that are kept; with the oldest goes its hash, which the next one still names. */
export const AUDIT_ENTRIES_MAX = 64;
/** An ordinary entry is written after this time, with those that came meanwhile. */
export const AUDIT_WRITE_MS = 60_000;
/** While entries keep coming, writes come ever less often, down to this: who asks every second must not wear the flash out. */
export const AUDIT_REST_MAX_MS = 3_600_000;
/** So many grave entries are written at once in a row, and one more every ten minutes, whoever provokes them (ADR 0038). */
const TURNS = { burst: 16, everyMs: 600_000 };
const SEQUENCE_BYTES = 4;

export interface AuditLog {
  /** Number of the next entry. */
  sequence: number;
  /** Link before the first entry kept, then the entries. */
  bytes: Uint8Array;
  unwritten: number;
  /** When the oldest entry not yet written was made. */
  unwrittenSinceMs: number;
  /** When it was last written because it was time, and the least time until that happens again. */
  writtenAtMs: number;
  restMs: number;
  /** Writes at once. */
  readonly turns: RateLimit;
}

/** The log as it was stored, or an empty one. */
export function openAuditLog(stored: Uint8Array | undefined): AuditLog {
  const whole = stored !== undefined && stored.length >= SEQUENCE_BYTES + AUDIT_LINK_BYTES;
  return {
    sequence: whole ? viewOf(stored).getUint32(0, true) : 0,
    bytes: whole ? stored.slice(SEQUENCE_BYTES) : new Uint8Array(AUDIT_LINK_BYTES),
    unwritten: 0,
    unwrittenSinceMs: 0,
    writtenAtMs: Number.NEGATIVE_INFINITY,
    restMs: AUDIT_WRITE_MS,
    turns: createRateLimit(TURNS, TURNS),
  };
}

/** Adds an entry, and tells whether the log should be written now. */
export function addAudit(
  primitives: Pick<Primitives, "sha256">,
  log: AuditLog,
  entry: Pick<AuditEntry, "ctiPrefix" | "act" | "timeGrade"> & { readonly fault: Fault | undefined },
  isGrave: boolean,
  nowMs: number,
): boolean {
  const fields = encodeAuditEntry({
    sequence: log.sequence,
    ctiPrefix: entry.ctiPrefix,
    act: entry.act,
    timeGrade: entry.timeGrade,
    fault: entry.fault === undefined ? 0 : faultNumber(entry.fault),
  });
  const before = log.bytes.subarray(log.bytes.length - AUDIT_LINK_BYTES);
  const link = auditLink(primitives, before, fields);
  const isFull = log.bytes.length >= AUDIT_LINK_BYTES + AUDIT_ENTRIES_MAX * AUDIT_ENTRY_BYTES;
  log.bytes = concat(isFull ? log.bytes.subarray(AUDIT_ENTRY_BYTES) : log.bytes, fields, link);
  log.sequence++;
  if (log.unwritten++ === 0) log.unwrittenSinceMs = nowMs;
  return isGrave && takeTurn(log.turns, "", nowMs);
}

/** When the log wants to be written at the latest, in board milliseconds. */
export function auditWriteAtMs(log: AuditLog): number {
  if (log.unwritten === 0) return Number.POSITIVE_INFINITY;
  return Math.max(log.unwrittenSinceMs + AUDIT_WRITE_MS, log.writtenAtMs + log.restMs);
}

/** Takes down that the log is written because it is time. The rest doubles while there is no end of entries. */
export function restAudit(log: AuditLog, nowMs: number): void {
  const isBusy = nowMs - log.writtenAtMs < 2 * log.restMs;
  log.restMs = isBusy ? Math.min(2 * log.restMs, AUDIT_REST_MAX_MS) : AUDIT_WRITE_MS;
  log.writtenAtMs = nowMs;
}

/** The bytes to store. */
export function storedAudit(log: AuditLog): Uint8Array {
  log.unwritten = 0;
  const sequence = new Uint8Array(SEQUENCE_BYTES);
  viewOf(sequence).setUint32(0, log.sequence, true);
  return concat(sequence, log.bytes);
}

/**
 * The part of the log from an entry on: the link before it, then entries, at most so many.
 * @returns undefined when that entry is not kept any more, or not made yet.
 */
export function auditFrom(log: AuditLog, from: number, entriesMax: number): Uint8Array {
  const kept = (log.bytes.length - AUDIT_LINK_BYTES) / AUDIT_ENTRY_BYTES;
  const skipped = Math.min(kept, Math.max(0, from - (log.sequence - kept)));
  const start = skipped * AUDIT_ENTRY_BYTES;
  return log.bytes.slice(start, start + AUDIT_LINK_BYTES + entriesMax * AUDIT_ENTRY_BYTES);
}
