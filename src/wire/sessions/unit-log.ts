/**
 * What an owner reads of a unit's log, and of the app's last crash.
 * @source PROTOCOL 5.41
 */
import { type Fault, faultNumber, faultOf } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";

/** By their numbers, from 0 on. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the maker sees of a crash, by number: nothing; what failed and where, without values; message and last lines as well. */
export const DIAGNOSTICS = ["none", "crashes", "all"] as const;
export type Diagnostics = (typeof DIAGNOSTICS)[number];
/** Until the owner says otherwise. */
export const DIAGNOSTICS_FIRST = 1;

/** The number of one of DIAGNOSTICS. */
export const encodeDiagnostics = (level: number) => Uint8Array.of(level);

export function decodeDiagnostics(bytes: Uint8Array): number | undefined {
  return bytes.length === 1 && DIAGNOSTICS[bytes[0] as number] !== undefined ? bytes[0] : undefined;
}

interface LogLine {
  /** Lines are numbered from 1 on at each start; numbers that are missing were not kept. */
  readonly number: number;
  /** Milliseconds since the unit started. */
  readonly atMs: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** @returns The lines; undefined for what is no list of lines. */
export function readLogLines(item: Cbor): readonly LogLine[] | undefined {
  if (!Array.isArray(item)) return undefined;
  const lines: LogLine[] = [];
  for (const each of item as readonly Cbor[]) {
    const [number, atMs, level, text] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    const name = LOG_LEVELS[level as number];
    if (typeof number !== "number" || typeof atMs !== "number" || name === undefined || typeof text !== "string") {
      return undefined;
    }
    lines.push({ number, atMs, level: name, text });
  }
  return lines;
}

/** What went wrong last in the app's code, as it lies in flash: CBOR [1, release, name, message, stack, fault's number]. */
interface AppCrash {
  /** As the bundle calls itself. */
  readonly release: string;
  /** The function, variable or the like. */
  readonly name: string;
  readonly message: string;
  /** The engine's lines, with the bundle's names; empty for code that was broken off. */
  readonly stack: string;
  readonly fault: Fault;
}

const CRASHES: readonly Fault[] = ["APP_THREW", "APP_OVERDUE", "APP_MEMORY"];
/** Whether the app's code failed by it, and not what became of the app then. */
export const isCrash = (fault: Fault): boolean => CRASHES.includes(fault);

/** Longest message, and longest stack, in UTF-16 units. */
const MESSAGE_MAX = 200;
export const STACK_MAX = 500;

export function encodeAppCrash({ release, name, message, stack, fault }: AppCrash): Uint8Array {
  const texts = [release, name, message].map((text) => text.slice(0, MESSAGE_MAX));
  return encodeCbor([1, ...texts, stack.slice(0, STACK_MAX), faultNumber(fault)]);
}

/** @returns The crash; undefined for what is none. */
export function decodeAppCrash(bytes: Uint8Array): AppCrash | undefined {
  const item = decodeCbor(bytes);
  const [version, release, name, message, stack, number] =
    item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const fault = typeof number === "number" ? faultOf(number) : undefined;
  const areTexts = [release, name, message, stack].every((text) => typeof text === "string");
  if (version !== 1 || !areTexts || fault === undefined) return undefined;
  return { release, name, message, stack, fault } as AppCrash;
}
