/** Conditions of a link, each an array [code, ...] (PROTOCOL 4.6). A code that we don't know is refused, never skipped. */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";

const CODE = {
  functions: 0,
  argument: 1,
  notBefore: 2,
  notAfter: 3,
  timeOfDay: 4,
  geofence: 5,
  moon: 6,
  rate: 7,
  uses: 8,
  lanOnly: 9,
  buttonHeld: 10,
  discharge: 11,
} as const;

export const CAVEATS_MAX = 16;

export type Caveat =
  /** Only these functions, variables and events. */
  | { readonly kind: "functions"; readonly names: readonly string[] }
  /** One function's argument must be a number between two others, both included. */
  | {
      readonly kind: "argument";
      readonly function: string;
      readonly argument: string;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: "notBefore"; readonly timeS: number }
  | { readonly kind: "notAfter"; readonly timeS: number }
  /**
   * Minutes after midnight at a fixed offset from UTC, `to` excluded; from > to runs past midnight and belongs to the
   * weekday on which it began. Weekdays: bit 0 is Monday.
   */
  | {
      readonly kind: "timeOfDay";
      readonly fromMinutes: number;
      readonly toMinutes: number;
      readonly weekdays: number;
      readonly utcOffsetMinutes: number;
    }
  /** The unit's own position, in degrees times 100,000, within a radius and not older than this. */
  | {
      readonly kind: "geofence";
      readonly latitudeE5: number;
      readonly longitudeE5: number;
      readonly radiusM: number;
      readonly ageS: number;
    }
  /** Degrees that the moon is ahead of the sun, 0 new to 180 full, both ends included; from > to runs past new moon. */
  | { readonly kind: "moon"; readonly fromDegrees: number; readonly toDegrees: number }
  | { readonly kind: "rate"; readonly count: number; readonly windowS: number }
  | { readonly kind: "uses"; readonly count: number }
  | { readonly kind: "lanOnly" }
  | { readonly kind: "buttonHeld"; readonly heldMs: number }
  /** A statement by this key about this link, over a nonce that the unit gave at most so long ago. */
  | { readonly kind: "discharge"; readonly publicKey: Uint8Array; readonly ageS: number };

export function encodeCaveat(caveat: Caveat): Cbor {
  const code = CODE[caveat.kind];
  switch (caveat.kind) {
    case "functions":
      return [code, caveat.names];
    case "argument":
      return [code, caveat.function, caveat.argument, caveat.min, caveat.max];
    case "notBefore":
    case "notAfter":
      return [code, caveat.timeS];
    case "timeOfDay":
      return [code, caveat.fromMinutes, caveat.toMinutes, caveat.weekdays, caveat.utcOffsetMinutes];
    case "geofence":
      return [code, caveat.latitudeE5, caveat.longitudeE5, caveat.radiusM, caveat.ageS];
    case "moon":
      return [code, caveat.fromDegrees, caveat.toDegrees];
    case "rate":
      return [code, caveat.count, caveat.windowS];
    case "uses":
      return [code, caveat.count];
    case "lanOnly":
      return [code];
    case "buttonHeld":
      return [code, caveat.heldMs];
    case "discharge":
      return [code, caveat.publicKey, caveat.ageS];
  }
}

/** Whole numbers from min to max, as many as stand at the places 1, 2, ... of the array. */
function integers(items: readonly Cbor[], ...bounds: readonly (readonly [min: number, max: number])[]) {
  if (items.length !== bounds.length + 1) return undefined;
  const numbers = items.slice(1);
  const isGood = bounds.every(([min, max], i) => {
    const number = numbers[i];
    return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max;
  });
  return isGood ? (numbers as readonly number[]) : undefined;
}

const TIME_MAX = 2 ** 40;
const COUNT_MAX = 2 ** 31;

function nameOf(item: Cbor): item is string {
  return typeof item === "string" && item !== "" && item.length <= 64;
}

/** A number that can bound an argument: not NaN, and no integer beyond 53 bits. */
function isBound(item: Cbor): item is number {
  return typeof item === "number" && !Number.isNaN(item);
}

type Reader = (items: readonly Cbor[]) => Caveat | undefined;

const READERS: { readonly [kind in keyof typeof CODE]: Reader } = {
  functions(items) {
    const names = items[1];
    if (items.length !== 2 || !Array.isArray(names) || names.length < 1 || names.length > 32) return undefined;
    return names.every(nameOf) ? { kind: "functions", names } : undefined;
  },
  argument(items) {
    const [, fn, argument, min, max] = items;
    if (items.length !== 5 || !nameOf(fn) || !nameOf(argument) || !isBound(min) || !isBound(max)) return undefined;
    return min <= max ? { kind: "argument", function: fn, argument, min, max } : undefined;
  },
  notBefore(items) {
    const n = integers(items, [0, TIME_MAX]);
    return n && { kind: "notBefore", timeS: n[0] as number };
  },
  notAfter(items) {
    const n = integers(items, [0, TIME_MAX]);
    return n && { kind: "notAfter", timeS: n[0] as number };
  },
  timeOfDay(items) {
    const n = integers(items, [0, 1439], [1, 1440], [1, 127], [-840, 840]) as
      | readonly [number, number, number, number]
      | undefined;
    if (n === undefined || n[0] === n[1]) return undefined;
    return { kind: "timeOfDay", fromMinutes: n[0], toMinutes: n[1], weekdays: n[2], utcOffsetMinutes: n[3] };
  },
  geofence(items) {
    const n = integers(items, [-9_000_000, 9_000_000], [-18_000_000, 18_000_000], [1, 20_000_000], [1, COUNT_MAX]) as
      | readonly [number, number, number, number]
      | undefined;
    return n && { kind: "geofence", latitudeE5: n[0], longitudeE5: n[1], radiusM: n[2], ageS: n[3] };
  },
  moon(items) {
    const n = integers(items, [0, 359], [0, 359]);
    return n && { kind: "moon", fromDegrees: n[0] as number, toDegrees: n[1] as number };
  },
  rate(items) {
    const n = integers(items, [1, 255], [1, COUNT_MAX]);
    return n && { kind: "rate", count: n[0] as number, windowS: n[1] as number };
  },
  uses(items) {
    const n = integers(items, [1, COUNT_MAX]);
    return n && { kind: "uses", count: n[0] as number };
  },
  lanOnly: (items) => (items.length === 1 ? { kind: "lanOnly" } : undefined),
  buttonHeld(items) {
    const n = integers(items, [1, 60_000]);
    return n && { kind: "buttonHeld", heldMs: n[0] as number };
  },
  discharge(items) {
    const [, publicKey, ageS] = items;
    if (items.length !== 3 || !(publicKey instanceof Uint8Array) || publicKey.length !== 32) return undefined;
    if (typeof ageS !== "number" || !Number.isInteger(ageS) || ageS < 1 || ageS > COUNT_MAX) return undefined;
    return { kind: "discharge", publicKey, ageS };
  },
};

const BY_CODE: ReadonlyMap<Cbor, Reader> = new Map(
  (Object.keys(CODE) as (keyof typeof CODE)[]).map((kind) => [CODE[kind], READERS[kind]]),
);

/** Reads a link's caveats: CAVEAT_SHAPE (more than 16, or a wrong form), CAVEAT_UNKNOWN (a code of another version). */
export function readCaveats(item: Cbor): Result<readonly Caveat[]> {
  if (!Array.isArray(item) || item.length > CAVEATS_MAX) return refuse("CAVEAT_SHAPE");
  const caveats: Caveat[] = [];
  for (const each of item as readonly Cbor[]) {
    const caveat = readCaveat(each);
    if (typeof caveat === "string") return refuse(caveat);
    caveats.push(caveat);
  }
  return ok(caveats);
}

function readCaveat(item: Cbor): Caveat | Fault {
  if (!Array.isArray(item)) return "CAVEAT_SHAPE";
  const reader = BY_CODE.get(item[0]);
  return reader === undefined ? "CAVEAT_UNKNOWN" : (reader(item) ?? "CAVEAT_SHAPE");
}
