/**
 * Encodes values that the maker's code passes to the runtime: answers of its functions, values of its events, thrown
 * errors, lines.
 */
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";

/** Longest answer in bytes of CBOR: a sealed record of 2,048 bytes holds it with all that stands around it. */
export const ANSWER_BYTES_MAX = 1_984;
/** Longest value of an event: the gate keeps 16 of them. */
export const EVENT_BYTES_MAX = 256;
const DEPTH_MAX = 12;
const LINE_MAX = 200;

/** Why a value is no CBOR, in words that follow "is"; undefined where nothing is wrong at first sight. */
function unfit(value: unknown, depth: number): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  if (value instanceof Promise) return "a promise: await it first";
  if (depth === DEPTH_MAX) return "nested too deeply";
  const items = Array.isArray(value) ? value : value instanceof Map ? [...value.values()] : undefined;
  if (items === undefined) {
    const isItem = "tag" in value || "float" in value || "simple" in value;
    return isItem ? undefined : "a plain object: use a Map or an array";
  }
  for (const item of items) {
    const reason = unfit(item, depth + 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Whether the engine threw it because there was no memory: null, where there was none for an error either. */
export const isOutOfMemory = (thrown: unknown): boolean =>
  thrown === null || (thrown instanceof Error && thrown.message === "out of memory");

/**
 * Encodes a value of the app's, whatever it is, and reads it back as a caller will.
 * @returns Its CBOR; or why there is none, in words that follow "is".
 * @throws What the engine throws where it has no memory.
 */
export function encodeAppValue(value: unknown, bytesMax: number): Uint8Array | string {
  const reason = unfit(value, 0);
  if (reason !== undefined) return reason;
  try {
    const bytes = encodeCbor(value as Parameters<typeof encodeCbor>[0]);
    if (bytes.length > bytesMax) return `too long: ${bytes.length} bytes of at most ${bytesMax}`;
    if (decodeCbor(bytes).ok) return bytes;
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    // What encodeCbor was never meant for: told below.
  }
  return "nothing that CBOR can say";
}

/** One line of at most 200 characters, without control characters. */
export function oneLine(text: string): string {
  return text.replace(/[^ -~\u00a0-\u2027\u202a-\uffff]+/g, " ").slice(0, LINE_MAX);
}

/** The kind of what was thrown: of the language's own errors their name, which the app can't choose. */
export function kindOf(thrown: unknown): string {
  const kinds = [RangeError, ReferenceError, SyntaxError, TypeError, URIError, EvalError, Error];
  return kinds.find((kind) => thrown instanceof kind)?.name ?? `a thrown ${typeof thrown}`;
}

/** What a person needs of something that was thrown, in one line. */
export function messageOf(thrown: unknown): string {
  try {
    return oneLine(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  } catch {
    return "something that is no text";
  }
}
