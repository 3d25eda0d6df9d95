/**
 * The audit log: requests and decisions, without personal data: a few bytes of a grant's number, the right, the
 * verdict. Each entry is written to flash before the request is executed, so that no power cut loses one. Entries are
 * chained by hashes, so that a changed or removed entry is detected. The log is a ring: when a bank is full, the
 * older bank is erased.
 * @source PROTOCOL 5.28
 */
import { concat, equal, viewOf } from "#base/bytes.ts";
import type { FlashLog } from "#device/flash-log.ts";
import { createRateLimit, type RateLimit } from "#device/rate-limit.ts";
import type { Primitives } from "#trust/primitives.ts";
import {
  appendRecord,
  compactLog,
  type FlashOp,
  firstOf,
  type LogEnd,
  type LogRecord,
  readLog,
  readRecords,
} from "#wire/flash/record-log.ts";
import { AUDIT_ENTRY_BYTES, AUDIT_LINK_BYTES, auditLink, OLD_AUDIT_ENTRY_BYTES } from "#wire/sessions/audit.ts";

/** What flash of 100,000 erasures bears for thirty years (ADR 0087): beyond it entries are left out, and their numbers show it. */
const EACH = { burst: 64, everyMs: 90_000 };
const ALL = { burst: 192, everyMs: 30_000 };
const KIND_ENTRY = 1;

export interface AuditLog {
  end: LogEnd;
  /** Number of the next entry. */
  sequence: number;
  /** Of the last entry. */
  link: Uint8Array;
  /** Entries of the step in hand. */
  readonly unwritten: LogRecord[];
  /** Those before, until it is known that the flash took them. */
  last: readonly LogRecord[];
  /** What was written last: a record, or behind all records of a bank its header. */
  written: (FlashOp & { readonly kind: "flash-write" }) | undefined;
  /** Where the last part that was told ended: whoever reads on goes on there. */
  told: { readonly from: number; readonly at: LogEnd } | undefined;
  readonly turns: RateLimit;
}

type Sha = Pick<Primitives, "sha256">;

/** The log as it stands in flash; torn records don't count. */
export function openAuditLog(primitives: Sha, { region, read }: FlashLog): AuditLog {
  let last = new Uint8Array(0);
  const end = readLog(region, read, ({ payload }) => {
    last = payload.slice();
  });
  const isThere = last.length === AUDIT_ENTRY_BYTES || last.length === OLD_AUDIT_ENTRY_BYTES;
  return {
    end,
    sequence: isThere ? sequenceOf(last) + 1 : 0,
    link: isThere ? linkOf(primitives, last) : new Uint8Array(AUDIT_LINK_BYTES),
    unwritten: [],
    last: [],
    written: undefined,
    told: undefined,
    turns: createRateLimit(EACH, ALL),
  };
}

/** A record is the link before the entry, then the entry's fields. */
const sequenceOf = (record: Uint8Array) => viewOf(record).getUint32(AUDIT_LINK_BYTES, true);

function linkOf(primitives: Sha, record: Uint8Array): Uint8Array {
  return auditLink(primitives, record.subarray(0, AUDIT_LINK_BYTES), record.subarray(AUDIT_LINK_BYTES));
}

/** Chains an entry to the one before. @param fields As encodeAuditEntry gives them, with a number above the last one's. */
export function addAudit(primitives: Sha, log: AuditLog, fields: Uint8Array): void {
  const payload = concat(log.link, fields);
  log.link = linkOf(primitives, payload);
  log.unwritten.push({ kind: KIND_ENTRY, payload });
}

/** What writes the entries that were added, in order. Where the last ones aren't in flash as they were written, they go into the other bank with these. */
export function writeAudit({ region, read }: FlashLog, log: AuditLog): readonly FlashOp[] {
  const added = log.unwritten.splice(0);
  if (added.length === 0) return [];
  const { written } = log;
  const isKept = written === undefined || equal(read(written.address, written.bytes.length), written.bytes);
  const records = isKept ? added : [...log.last, ...added];
  const ops: FlashOp[] = [];
  for (let done = 0; done < records.length; done++) {
    const appended = isKept ? appendRecord(region, read, log.end, records[done] as LogRecord) : undefined;
    const change = appended ?? compactLog(region, log.end, records.slice(done));
    if (change === undefined) break;
    ops.push(...change.ops);
    log.end = change.end;
    if (appended === undefined) break;
  }
  const last = ops[ops.length - 1];
  log.written = last?.kind === "flash-write" ? last : undefined;
  log.last = records;
  return ops;
}

/**
 * The part of the log from an entry on, oldest first: the link before it, then entries, at most so many.
 * @returns What is kept of it; the last link alone when there is no such entry yet.
 */
export function auditFrom(
  primitives: Sha,
  { region, read }: FlashLog,
  log: AuditLog,
  from: number,
  entriesMax: number,
): Uint8Array {
  const { end, told } = log;
  const parts: Uint8Array[] = [];
  let next = from;
  const take = ({ payload }: LogRecord) => {
    if (payload.length !== AUDIT_ENTRY_BYTES || sequenceOf(payload) < from) return true;
    if (parts.length > 2 * entriesMax) return false;
    if (parts.length === 0) parts.push(payload.slice(0, AUDIT_LINK_BYTES));
    parts.push(payload.slice(AUDIT_LINK_BYTES), linkOf(primitives, payload));
    next = sequenceOf(payload) + 1;
    return true;
  };
  const isNext = told?.from === from && told.at.generation + 1 >= end.generation;
  const newest = firstOf(region, read, end, end.generation);
  let at = isNext ? told.at : (firstOf(region, read, end, end.generation - 1) ?? newest);
  while (at !== undefined) {
    at = readRecords(region, read, at, take);
    log.told = { from: next, at };
    // From the older bank to the newer one, unless this part is full.
    at = at.generation === end.generation || parts.length > 2 * entriesMax ? undefined : newest;
  }
  return parts.length === 0 ? log.link : concat(...parts);
}
