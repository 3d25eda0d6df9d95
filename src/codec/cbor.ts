/**
 * CBOR, the strict deterministic kind (RFC 8949 section 4.2.1): every value has one encoding and the decoder refuses
 * all others, so that what was signed is what was read. Bytes and values map one to one.
 */
import { assert } from "#base/assert.ts";
import { compare, concat, viewOf } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { encodeFloat, fromHalf } from "./cbor-float.ts";

/** A tagged item (major type 6). */
export interface CborTag {
  readonly tag: number;
  readonly value: Cbor;
}

/** A float whose value is an integer, as 1.0 or -0.0; a plain number of that value is an integer in CBOR. */
interface CborFloat {
  readonly float: number;
}

/** A simple value without a name (0 to 19, 32 to 255). */
interface CborSimple {
  readonly simple: number;
}

export type CborKey = number | bigint | string;
export type CborMap = ReadonlyMap<CborKey, Cbor>;

/**
 * A safe integer is a CBOR integer, any other number a float; a bigint is an integer beyond 53 bits, up to 64.
 * Map keys are integers or texts.
 */
export type Cbor =
  | number
  | bigint
  | string
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly Cbor[]
  | CborMap
  | CborTag
  | CborFloat
  | CborSimple;

/** Tells whether an item is a whole number from 0 to max. */
export function isCount(item: Cbor, max: number): item is number {
  return typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= max;
}

/** Tells whether an item is a byte string of this length. */
export function isBytes(item: Cbor, byteLength: number): item is Uint8Array {
  return item instanceof Uint8Array && item.length === byteLength;
}

/** Bounds on what the decoder looks at. Memory in use stays within a small multiple of the input. */
interface CborLimits {
  readonly bytesMax: number;
  /** Nested arrays, maps and tags; a bare integer has depth 0. */
  readonly depthMax: number;
}

const LIMITS: CborLimits = { bytesMax: 65536, depthMax: 16 };
const WORD = 0x100000000;

interface Reader {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  at: number;
  /** The first refusal; once set, nothing that was read counts. */
  fault: Fault | undefined;
}

/**
 * Decodes exactly one item that fills all of the bytes. Byte strings are views of the input, not copies.
 * @returns The value, or in this order as the bytes are read: CBOR_SIZE, CBOR_TRUNCATED, CBOR_RESERVED,
 *   CBOR_INDEFINITE, CBOR_NOT_SHORTEST, CBOR_DEPTH, CBOR_UTF8, CBOR_KEY_TYPE, CBOR_KEY_DUPLICATE, CBOR_KEY_ORDER;
 *   last CBOR_TRAILING.
 * @source RFC 8949 sections 3 and 4.2.1; PROTOCOL 2.1
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = LIMITS): Result<Cbor> {
  const sequence = read(bytes, limits, 1);
  return sequence.ok ? ok(sequence.value[0]) : sequence;
}

/** Decodes a CBOR sequence (RFC 8742): items that follow one another to the end. Refusals as decodeCbor's. */
export function decodeCborSequence(bytes: Uint8Array, limits: CborLimits = LIMITS): Result<readonly Cbor[]> {
  return read(bytes, limits, Number.POSITIVE_INFINITY);
}

function read(bytes: Uint8Array, limits: CborLimits, itemsMax: number): Result<readonly Cbor[]> {
  if (bytes.length > limits.bytesMax) return refuse("CBOR_SIZE");
  const reader: Reader = { bytes, depthMax: limits.depthMax, at: 0, fault: undefined };
  const items: Cbor[] = [];
  if (itemsMax === 1 && bytes.length === 0) return refuse("CBOR_TRUNCATED");
  while (reader.at < bytes.length) {
    if (items.length === itemsMax) return refuse("CBOR_TRAILING");
    items.push(readItem(reader, 0));
    if (reader.fault !== undefined) return refuse(reader.fault);
  }
  return ok(items);
}

function fail(reader: Reader, fault: Fault): undefined {
  reader.fault ??= fault;
  return undefined;
}

/** The next bytes as a view, or none with CBOR_TRUNCATED set. */
function take(reader: Reader, byteLength: number): Uint8Array | undefined {
  if (byteLength > reader.bytes.length - reader.at) return fail(reader, "CBOR_TRUNCATED");
  reader.at += byteLength;
  return reader.bytes.subarray(reader.at - byteLength, reader.at);
}

/** The argument of a head (RFC 8949 section 3), in its shortest form only. */
function readArgument(reader: Reader, info: number): number | bigint | undefined {
  if (info < 24) return info;
  if (info === 31) return fail(reader, "CBOR_INDEFINITE");
  if (info > 27) return fail(reader, "CBOR_RESERVED");
  if (info === 24) {
    const value = reader.bytes[reader.at++];
    if (value === undefined) return fail(reader, "CBOR_TRUNCATED");
    return value < 24 ? fail(reader, "CBOR_NOT_SHORTEST") : value;
  }
  const bytes = take(reader, 1 << (info - 24));
  if (bytes === undefined) return undefined;
  const view = viewOf(bytes);
  if (info === 27) {
    const high = view.getUint32(0);
    const low = view.getUint32(4);
    if (high === 0) return fail(reader, "CBOR_NOT_SHORTEST");
    return high < 0x200000 ? high * WORD + low : (BigInt(high) << 32n) | BigInt(low);
  }
  const value = info === 25 ? view.getUint16(0) : view.getUint32(0);
  return value < (info === 25 ? 0x100 : 0x10000) ? fail(reader, "CBOR_NOT_SHORTEST") : value;
}

function readItem(reader: Reader, depth: number): Cbor {
  // Read in place: a view for each head would be most of what a small engine does here.
  const head = reader.bytes[reader.at++];
  if (head === undefined) return fail(reader, "CBOR_TRUNCATED");
  const major = head >> 5;
  const info = head & 31;
  if (major === 7) return readSimple(reader, info);
  const argument = readArgument(reader, info);
  if (argument === undefined) return undefined;
  if (major === 0) return argument;
  if (major === 1) {
    // -1 - 2^53 is no safe integer any more, though 2^53 - 1 is.
    if (typeof argument === "number" && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    return -1n - BigInt(argument);
  }
  // A count can't exceed the bytes that are left, since every item has at least one.
  if (argument > reader.bytes.length - reader.at && major !== 6) return fail(reader, "CBOR_TRUNCATED");
  const length = Number(argument);
  if (major === 2) return take(reader, length);
  if (major === 3) return fromUtf8(take(reader, length) as Uint8Array) ?? fail(reader, "CBOR_UTF8");
  if (depth >= reader.depthMax) return fail(reader, "CBOR_DEPTH");
  if (major === 4) return readArray(reader, length, depth + 1);
  if (major === 5) return readMap(reader, length, depth + 1);
  if (typeof argument === "bigint") return fail(reader, "CBOR_RESERVED");
  return { tag: length, value: readItem(reader, depth + 1) };
}

function readArray(reader: Reader, length: number, depth: number): Cbor {
  const items: Cbor[] = [];
  while (items.length < length && reader.fault === undefined) items.push(readItem(reader, depth));
  return items;
}

function readMap(reader: Reader, length: number, depth: number): Cbor {
  const map = new Map<CborKey, Cbor>();
  let previous: Uint8Array | undefined;
  for (let i = 0; i < length; i++) {
    const from = reader.at;
    const key = readItem(reader, depth);
    if (reader.fault !== undefined) return undefined;
    if (typeof key !== "number" && typeof key !== "bigint" && typeof key !== "string") {
      return fail(reader, "CBOR_KEY_TYPE");
    }
    if (typeof key === "number" && !Number.isSafeInteger(key)) return fail(reader, "CBOR_KEY_TYPE");
    const encoded = reader.bytes.subarray(from, reader.at);
    if (map.has(key)) return fail(reader, "CBOR_KEY_DUPLICATE");
    if (previous !== undefined && compare(previous, encoded) >= 0) return fail(reader, "CBOR_KEY_ORDER");
    previous = encoded;
    map.set(key, readItem(reader, depth));
    if (reader.fault !== undefined) return undefined;
  }
  return map;
}

/** Major type 7: false, true, null, undefined, other simple values, floats in their shortest form. */
function readSimple(reader: Reader, info: number): Cbor {
  if (info === 20 || info === 21) return info === 21;
  if (info === 22) return null;
  if (info === 23) return undefined;
  if (info < 20) return { simple: info };
  if (info === 24) {
    const simple = take(reader, 1)?.[0];
    // RFC 8949 section 3.3: two-byte forms below 32 are not well-formed.
    return simple !== undefined && simple < 32 ? fail(reader, "CBOR_RESERVED") : { simple: simple ?? 0 };
  }
  if (info > 27) return fail(reader, info === 31 ? "CBOR_INDEFINITE" : "CBOR_RESERVED");
  const bytes = take(reader, 1 << (info - 24));
  if (bytes === undefined) return undefined;
  const view = viewOf(bytes);
  const value = info === 25 ? fromHalf(view.getUint16(0)) : info === 26 ? view.getFloat32(0) : view.getFloat64(0);
  const shortest = encodeFloat(value);
  if (shortest.length - 1 !== bytes.length || compare(shortest.subarray(1), bytes) !== 0) {
    return fail(reader, "CBOR_NOT_SHORTEST");
  }
  return Number.isSafeInteger(value) ? { float: value } : value;
}

/** The one encoding of a value. Breaks on what CBOR here can't say (functions, NaN keys, integers beyond 64 bits). */
export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === "number") return Number.isSafeInteger(value) ? encodeInteger(value) : encodeFloat(value);
  if (typeof value === "bigint") return encodeInteger(value);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (value === undefined) return Uint8Array.of(0xf7);
  if (typeof value === "string") {
    const bytes = utf8(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encodeCbor));
  if (value instanceof Map) return encodeMap(value);
  if ("tag" in value) return concat(head(6, value.tag), encodeCbor(value.value));
  if ("float" in value) return encodeFloat(value.float);
  assert("simple" in value, "a CBOR value is of a kind that CBOR knows");
  return value.simple < 24 ? Uint8Array.of(0xe0 | value.simple) : Uint8Array.of(0xf8, value.simple);
}

function encodeMap(map: CborMap): Uint8Array {
  const entries = [...map].map(([key, value]) => [encodeCbor(key), encodeCbor(value)] as const);
  return concat(head(5, map.size), ...entries.sort((a, b) => compare(a[0], b[0])).flat());
}

function encodeInteger(value: number | bigint): Uint8Array {
  if (value >= 0) return head(0, value);
  return typeof value === "bigint" ? head(1, -1n - value) : head(1, -1 - value);
}

function head(major: number, argument: number | bigint): Uint8Array {
  const high = Number(typeof argument === "bigint" ? argument >> 32n : Math.floor(argument / WORD));
  const low = Number(typeof argument === "bigint" ? argument & 0xffffffffn : argument % WORD);
  assert(high >= 0 && high < WORD, "an integer in CBOR has at most 64 bits");
  const first = major << 5;
  if (high > 0) {
    const bytes = Uint8Array.of(first | 27, 0, 0, 0, 0, 0, 0, 0, 0);
    viewOf(bytes).setUint32(1, high);
    viewOf(bytes).setUint32(5, low);
    return bytes;
  }
  if (low < 24) return Uint8Array.of(first | low);
  if (low < 0x100) return Uint8Array.of(first | 24, low);
  if (low < 0x10000) return Uint8Array.of(first | 25, low >> 8, low & 255);
  return Uint8Array.of(first | 26, low >>> 24, (low >> 16) & 255, (low >> 8) & 255, low & 255);
}
