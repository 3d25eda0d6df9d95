/**
 * The first record of the entropy region of a board without a random source: count 1 (u32), 32 random bytes, CRC-32 of
 * both. The unit replaces it at every start (firmware/port/entropy.c).
 * @source PROTOCOL 9.6
 */
import { viewOf } from "#base/bytes.ts";
import { crc32 } from "#codec/crc.ts";

const SEED_BYTES = 32;
const CHECKED_BYTES = 4 + SEED_BYTES;

/** @param seed 32 random bytes, never the same for two units. */
export function entropyRecord(seed: Uint8Array): Uint8Array {
  const record = new Uint8Array(CHECKED_BYTES + 4);
  const view = viewOf(record);
  view.setUint32(0, 1, true);
  record.set(seed.subarray(0, SEED_BYTES), 4);
  view.setUint32(CHECKED_BYTES, crc32(record.subarray(0, CHECKED_BYTES)), true);
  return record;
}
