/**
 * A report of a failure of the maker's app, from a unit to its cloud (topic `failure`), as far as the owner lets the maker see it.
 * Payload: [2, number of one of DIAGNOSTICS, release as the bundle calls itself, name of the function or variable ("start" and
 * "selfTest" too), message, fault's number, stack, the unit's last lines, failures that were not told since the one before].
 * @source PROTOCOL 7.9
 */
import { type Fault, faultNumber, faultOf, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor, isCount } from "#codec/cbor.ts";
import { DIAGNOSTICS, type Diagnostics, STACK_MAX } from "#wire/sessions/unit-log.ts";

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

const VERSION = 2;
/** Where the level stands: behind the heads of the array and of the version, each of them a byte. */
const LEVEL_AT = 2;
const APP_FAILURE_BYTES_MAX = 4_096;
const TEXT_MAX = 200;
/** Of the last lines, in UTF-16 units. */
export const LINES_MAX = 700;

export interface AppFailure {
  /** At which it was made. */
  readonly level: Diagnostics;
  readonly release: string;
  readonly name: string;
  /** At "crashes" the kind of the error alone. */
  readonly message: string;
  readonly fault: Fault;
  /** The engine's lines, with the bundle's names; empty where it has none. */
  readonly stack: string;
  /** The unit's last lines, each with its end; empty but at "all". */
  readonly lines: string;
  /** Failures that were left out since the one told before. */
  readonly missed: number;
}

export function encodeAppFailure(failure: AppFailure): Uint8Array {
  const { level, release, name, message, fault, stack, lines, missed } = failure;
  const texts = [release, name, message].map((text) => text.slice(0, TEXT_MAX));
  const ends = [stack.slice(0, STACK_MAX), lines.slice(-LINES_MAX)];
  return encodeCbor([VERSION, DIAGNOSTICS.indexOf(level), ...texts, faultNumber(fault), ...ends, missed]);
}

/** The number of the level at which a report was made, of one that this unit made. */
export const levelOfReport = (payload: Uint8Array): number => payload[LEVEL_AT] ?? DIAGNOSTICS.length;

/** @returns The failure, or LINK_PACKET when it is anything but what encodeAppFailure gives. */
export function decodeAppFailure(payload: Uint8Array): Result<AppFailure> {
  const item = decodeCbor(payload, { bytesMax: APP_FAILURE_BYTES_MAX, depthMax: 1 });
  const fields = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const [version, number, release, name, message, faultsNumber, stack, lines, missed] = fields;
  const level = DIAGNOSTICS[number as number];
  const fault = typeof faultsNumber === "number" ? faultOf(faultsNumber) : undefined;
  if (version !== VERSION || fields.length !== 9 || level === undefined || fault === undefined) {
    return refuse("LINK_PACKET");
  }
  if (!isText(release) || !isText(name) || !isText(message)) return refuse("LINK_PACKET");
  if (!isText(stack, STACK_MAX) || !isText(lines, LINES_MAX)) return refuse("LINK_PACKET");
  return isCount(missed as Cbor, 0xffffffff)
    ? ok({ level, release, name, message, fault, stack, lines, missed: missed as number })
    : refuse("LINK_PACKET");
}

function isText(item: Cbor | undefined, max = TEXT_MAX): item is string {
  return typeof item === "string" && item.length <= max;
}
