/** The unit's log of what it decided, as a phone reads it (PROTOCOL 5.28). */
import { equal, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";
import { utf8 } from "#base/utf8.ts";

/** First bytes of the last link's cti: enough to tell grants apart, too few to tell who holds one. */
const CTI_PREFIX_BYTES = 4;
export const AUDIT_LINK_BYTES = 8;
const NAME_TAG_BYTES = 3;
const FIELD_BYTES = 20;
/** The entries that units wrote before the time and the name were noted: they are passed over, but the chain goes on from them. */
export const OLD_AUDIT_ENTRY_BYTES = 12 + AUDIT_LINK_BYTES;
/** Fields, then the link: the start of SHA-256 over the link before and these fields. */
export const AUDIT_ENTRY_BYTES = FIELD_BYTES + AUDIT_LINK_BYTES;

/** What was asked: a right of PROTOCOL 4.4 by its bit, or an act of the unit's own. */
export const ACT = {
  read: 1,
  call: 2,
  subscribe: 4,
  config: 8,
  delegate: 16,
  flash: 32,
  open: 64,
  reset: 128,
} as const;
const TIME_GRADES = ["unknown", "floor", "trusted", "hint"] as const;

export interface AuditEntry {
  readonly sequence: number;
  readonly ctiPrefix: Uint8Array;
  readonly act: number;
  readonly timeGrade: (typeof TIME_GRADES)[number];
  /** 0 when it was done, else the number of the fault. */
  readonly fault: number;
  /** Unix seconds: the earliest that the present was, or what a server without proof said; 0 where the unit knew nothing of the time. */
  readonly timeS: number;
  /** Of the function, variable or event that was asked for (auditNameTag); zero where there was none. */
  readonly nameTag: Uint8Array;
}

/** What an entry says of a name: the first bytes of its SHA-256, so that entries have one size and tell nothing to who does not know the app. */
export function auditNameTag(primitives: { sha256: Sha256 }, name: string | undefined): Uint8Array {
  return name === undefined ? new Uint8Array(NAME_TAG_BYTES) : primitives.sha256(utf8(name)).slice(0, NAME_TAG_BYTES);
}

/** Sequence u32, cti prefix, act u8, time grade u8, fault u16, time u40, name tag; numbers little-endian. */
export function encodeAuditEntry(entry: AuditEntry): Uint8Array {
  const fields = new Uint8Array(FIELD_BYTES);
  const view = viewOf(fields);
  view.setUint32(0, entry.sequence, true);
  fields.set(entry.ctiPrefix.subarray(0, CTI_PREFIX_BYTES), 4);
  fields[8] = entry.act;
  fields[9] = TIME_GRADES.indexOf(entry.timeGrade);
  view.setUint16(10, entry.fault, true);
  view.setUint32(12, entry.timeS % 2 ** 32, true);
  fields[16] = Math.floor(entry.timeS / 2 ** 32);
  fields.set(entry.nameTag.subarray(0, NAME_TAG_BYTES), 17);
  return fields;
}

/** The link of an entry, which the next one is hashed over. */
export function auditLink(primitives: { sha256: Sha256 }, before: Uint8Array, fields: Uint8Array): Uint8Array {
  return primitives.sha256(before, fields).slice(0, AUDIT_LINK_BYTES);
}

interface AuditPart {
  readonly entries: readonly AuditEntry[];
  /** Links before the first entry and after the last, to check that the next part goes on from here. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Reads a part of a log; AUDIT_CHAIN when it isn't whole, or an entry was changed, taken out or put in. */
export function readAudit(primitives: { sha256: Sha256 }, bytes: Uint8Array): Result<AuditPart> {
  if (bytes.length < AUDIT_LINK_BYTES || (bytes.length - AUDIT_LINK_BYTES) % AUDIT_ENTRY_BYTES !== 0) {
    return refuse("AUDIT_CHAIN");
  }
  const before = bytes.slice(0, AUDIT_LINK_BYTES);
  const entries: AuditEntry[] = [];
  let after: Uint8Array = before;
  for (let at = AUDIT_LINK_BYTES; at < bytes.length; at += AUDIT_ENTRY_BYTES) {
    const fields = bytes.subarray(at, at + FIELD_BYTES);
    const link = auditLink(primitives, after, fields);
    const view = viewOf(fields);
    const timeGrade = TIME_GRADES[fields[9] as number];
    const sequence = view.getUint32(0, true);
    const previous = entries[entries.length - 1];
    if (!equal(link, bytes.subarray(at + FIELD_BYTES, at + AUDIT_ENTRY_BYTES)) || timeGrade === undefined) {
      return refuse("AUDIT_CHAIN");
    }
    if (previous !== undefined && previous.sequence >= sequence) return refuse("AUDIT_CHAIN");
    entries.push({
      sequence,
      ctiPrefix: fields.slice(4, 8),
      act: fields[8] as number,
      timeGrade,
      fault: view.getUint16(10, true),
      timeS: view.getUint32(12, true) + (fields[16] as number) * 2 ** 32,
      nameTag: fields.slice(17, FIELD_BYTES),
    });
    after = link;
  }
  return ok({ entries, before, after });
}
