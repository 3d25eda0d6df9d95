/**
 * A report of an exception in the maker's app, from a unit to its cloud (topic `failure`).
 * Payload: [1, release as the bundle calls itself, name of the function or variable ("start" and "selfTest" too), message,
 * failures that were not told since the one before].
 * @source PROTOCOL 7.9
 */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor, isCount } from "#codec/cbor.ts";

/** What the faults of an app mean, for people: no unit carries these words. */
export const APP_FAULT_WORDS: Partial<Record<Fault, string>> = {
  APP_THREW: "its code threw an exception",
  APP_ANSWER: "it answered with what cannot be told",
  APP_TIMEOUT: "it did not answer in time",
  APP_OVERDUE: "its code did not come to its end and was broken off",
  APP_MEMORY: "it wanted more memory than it has",
  APP_EVENTS: "it raised more events than the unit keeps",
  APP_WRITES: "it changed its state faster than flash may be written",
  APP_STOPPED: "it failed again and again, so the unit goes on without it",
};

const APP_FAILURE_BYTES_MAX = 1_024;
const TEXT_MAX = 200;

export interface AppFailure {
  readonly release: string;
  readonly name: string;
  readonly message: string;
  /** Failures that were left out since the one told before. */
  readonly missed: number;
}

export function encodeAppFailure({ release, name, message, missed }: AppFailure): Uint8Array {
  return encodeCbor([1, release.slice(0, TEXT_MAX), name.slice(0, TEXT_MAX), message.slice(0, TEXT_MAX), missed]);
}

/** @returns The failure, or LINK_PACKET when it is anything but what encodeAppFailure gives. */
export function decodeAppFailure(payload: Uint8Array): Result<AppFailure> {
  const item = decodeCbor(payload, { bytesMax: APP_FAILURE_BYTES_MAX, depthMax: 1 });
  const fields = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const [version, release, name, message, missed] = fields;
  if (version !== 1 || fields.length !== 5 || !isText(release) || !isText(name) || !isText(message)) {
    return refuse("LINK_PACKET");
  }
  return isCount(missed as Cbor, 0xffffffff)
    ? ok({ release, name, message, missed: missed as number })
    : refuse("LINK_PACKET");
}

function isText(item: Cbor): item is string {
  return typeof item === "string" && item.length <= TEXT_MAX;
}
