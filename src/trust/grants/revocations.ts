/** A unit's revocation list: one entry per signing key (PROTOCOL 4.7). */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor, isBytes } from "#codec/cbor.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import { isCtis } from "#wire/grants/revocation.ts";

export interface RevocationEntry {
  /** Public key that signed the statements. */
  readonly key: Uint8Array;
  /** Of the last statement; -1 before the first. */
  readonly sequence: number;
  /** Links that this key signed with a lower epoch are revoked. Never falls. */
  readonly floor: number;
  /** Ctis, ascending, joined. */
  readonly revoked: Uint8Array;
}

export type RevocationList = readonly RevocationEntry[];

/** Signing keys that a unit remembers. When all are taken, only statements of known keys are heard. */
export const ENTRIES_MAX = 16;

/**
 * Entries that are read back. More than are taken in, since a reset and a resale add theirs when all places are taken:
 * what can't be read back would be forgotten, and with it every floor.
 */
const STORED_MAX = 64;

/** The entry of a key, an empty one before its first statement. */
export function entryOf(revocations: RevocationList, key: Uint8Array): RevocationEntry {
  const known = revocations.find((entry) => equal(entry.key, key));
  return known ?? { key, sequence: -1, floor: 0, revoked: new Uint8Array(0) };
}

/** Tells whether one of these keys has revoked a cti. */
export function isRevokedBy(revocations: RevocationList, keys: readonly Uint8Array[], cti: Uint8Array): boolean {
  return keys.some((key) => {
    const { revoked } = entryOf(revocations, key);
    for (let at = 0; at < revoked.length; at += CTI_BYTES) {
      if (equal(revoked.subarray(at, at + CTI_BYTES), cti)) return true;
    }
    return false;
  });
}

/** The form in which a unit stores them. */
export function encodeRevocations(revocations: RevocationList): Uint8Array {
  return encodeCbor(revocations.map(({ key, sequence, floor, revoked }) => [key, sequence, floor, revoked]));
}

/** Reads the stored form back, or REVOCATION_SHAPE. */
export function readRevocations(bytes: Uint8Array): Result<RevocationList> {
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  if (!Array.isArray(item.value) || item.value.length > STORED_MAX) return refuse("REVOCATION_SHAPE");
  const entries = (item.value as readonly Cbor[]).map(storedEntry);
  return entries.every((entry) => entry !== undefined) ? ok(entries) : refuse("REVOCATION_SHAPE");
}

function storedEntry(item: Cbor): RevocationEntry | undefined {
  const [key, sequence, floor, revoked] = Array.isArray(item) && item.length === 4 ? (item as readonly Cbor[]) : [];
  if (!isBytes(key, 32) || !isCtis(revoked)) return undefined;
  return typeof sequence === "number" && typeof floor === "number" ? { key, sequence, floor, revoked } : undefined;
}
