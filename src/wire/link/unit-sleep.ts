/**
 * A unit's announcement that it is about to sleep (topic `sleep`): [1, seconds from now until it wakes by itself, or null when only
 * its pin wakes it].
 * @source PROTOCOL 7.11
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";

const SECONDS_MAX = 0xffffffff;

export function encodeUnitSleep(forS: number | undefined): Uint8Array {
  return encodeCbor([1, forS === undefined ? null : Math.min(SECONDS_MAX, Math.max(0, Math.ceil(forS)))]);
}

/** @returns Seconds, undefined when no time ends the sleep; or LINK_PACKET when it is anything but what encodeUnitSleep gives. */
export function decodeUnitSleep(payload: Uint8Array): Result<number | undefined> {
  const item = decodeCbor(payload, { bytesMax: 16, depthMax: 1 });
  const fields = item.ok && Array.isArray(item.value) ? item.value : [];
  const [version, seconds] = fields;
  if (fields.length !== 2 || version !== 1) return refuse("LINK_PACKET");
  if (seconds === null) return ok(undefined);
  const isCount = typeof seconds === "number" && Number.isInteger(seconds) && seconds >= 0 && seconds <= SECONDS_MAX;
  return isCount ? ok(seconds) : refuse("LINK_PACKET");
}
