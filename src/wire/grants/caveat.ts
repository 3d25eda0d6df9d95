/** Conditions of a link, each an array [code, ...] (PROTOCOL 4.6). A code that we don't know is refused, never skipped. */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, isBytes } from "#codec/cbor.ts";

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
  | { readonly kind: "discharge"; readonly publicKey: Uint8Array; readonly ageS: number }
  /** As timeOfDay, in the local time of the zone that the unit keeps, summer time included. */
  | {
      readonly kind: "localHours";
      readonly fromMinutes: number;
      readonly toMinutes: number;
      readonly weekdays: number;
    }
  /** The time that this link is judged by was signed over a nonce that the unit gave at most so long ago. */
  | { readonly kind: "freshTime"; readonly ageS: number };

type Field = readonly [name: string, isGood: (item: Cbor) => boolean];
type Form = readonly [kind: Caveat["kind"], ...fields: readonly Field[]];

const TIME_MAX = 2 ** 40;
const COUNT_MAX = 2 ** 31;

function whole(name: string, min: number, max: number): Field {
  return [name, (item) => typeof item === "number" && Number.isInteger(item) && item >= min && item <= max];
}
function isName(item: Cbor): boolean {
  return typeof item === "string" && item !== "" && item.length <= 64;
}
function isNames(item: Cbor): boolean {
  return Array.isArray(item) && item.length > 0 && item.length <= 32 && item.every(isName);
}
/** A number that can bound an argument: not NaN, and no integer beyond 53 bits. */
function isBound(item: Cbor): boolean {
  return typeof item === "number" && !Number.isNaN(item);
}
function isKey(item: Cbor): boolean {
  return isBytes(item, 32);
}

const HOURS = [whole("fromMinutes", 0, 1439), whole("toMinutes", 1, 1440), whole("weekdays", 1, 127)];

/** What follows the code, field by field. A caveat's place in this list is its code: append only. */
const FORMS: readonly Form[] = [
  ["functions", ["names", isNames]],
  ["argument", ["function", isName], ["argument", isName], ["min", isBound], ["max", isBound]],
  ["notBefore", whole("timeS", 0, TIME_MAX)],
  ["notAfter", whole("timeS", 0, TIME_MAX)],
  ["timeOfDay", ...HOURS, whole("utcOffsetMinutes", -840, 840)],
  [
    "geofence",
    whole("latitudeE5", -9e6, 9e6),
    whole("longitudeE5", -18e6, 18e6),
    whole("radiusM", 1, 2e7),
    whole("ageS", 1, COUNT_MAX),
  ],
  ["moon", whole("fromDegrees", 0, 359), whole("toDegrees", 0, 359)],
  ["rate", whole("count", 1, 255), whole("windowS", 1, COUNT_MAX)],
  ["uses", whole("count", 1, COUNT_MAX)],
  ["lanOnly"],
  ["buttonHeld", whole("heldMs", 1, 60_000)],
  ["discharge", ["publicKey", isKey], whole("ageS", 1, COUNT_MAX)],
  ["localHours", ...HOURS],
  ["freshTime", whole("ageS", 1, COUNT_MAX)],
];

export function encodeCaveat(caveat: Caveat): Cbor {
  const code = FORMS.findIndex(([kind]) => kind === caveat.kind);
  const [, ...fields] = FORMS[code] as Form;
  return [code, ...fields.map(([name]) => (caveat as unknown as Readonly<Record<string, Cbor>>)[name])];
}

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
  const [code, ...values] = item as readonly Cbor[];
  const form = typeof code === "number" ? FORMS[code] : undefined;
  if (form === undefined) return "CAVEAT_UNKNOWN";
  const [kind, ...fields] = form;
  if (values.length !== fields.length || !fields.every(([, isGood], i) => isGood(values[i]))) return "CAVEAT_SHAPE";
  // The forms above are the fields of the union's member of this kind.
  const caveat = { kind, ...Object.fromEntries(fields.map(([name], i) => [name, values[i]])) } as unknown as Caveat;
  return isPossible(caveat) ? caveat : "CAVEAT_SHAPE";
}

/** What fields say together: a range that holds something, hours that have a length. */
function isPossible(caveat: Caveat): boolean {
  if (caveat.kind === "argument") return caveat.min <= caveat.max;
  const hasHours = caveat.kind === "timeOfDay" || caveat.kind === "localHours";
  return !hasHours || caveat.fromMinutes !== caveat.toMinutes;
}
