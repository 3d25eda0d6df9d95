/** Settings as records of a log: what a factory writes and a unit reads (PROTOCOL 8.2). */
import { assert } from "#base/assert.ts";
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { LogRecord } from "./record-log.ts";

/** Kinds of records; numbers are the format's. */
export const SETTING_KIND = { put: 1, forget: 2 } as const;

/** Length (one byte) and UTF-8 bytes of a setting's name. */
export function settingName(name: string): Uint8Array {
  const bytes = utf8(name);
  assert(bytes.length > 0 && bytes.length < 256, "a setting has a name of 1 to 255 bytes");
  return concat(Uint8Array.of(bytes.length), bytes);
}

/** The record that remembers a value under a name. */
export function settingRecord(name: string, value: Uint8Array): LogRecord {
  return { kind: SETTING_KIND.put, payload: concat(settingName(name), value) };
}
