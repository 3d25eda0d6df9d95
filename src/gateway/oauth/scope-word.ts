/**
 * Words of a scope: `LEVEL`, or `LEVEL@DEVICE` for one unit, then limits, each behind a slash, in any order. A level is `all`, `noFlash`,
 * or `use:NAME` for one function, variable or event. A limit becomes a caveat as grants know it, with the same bounds:
 *
 *   /0800-1800, /2200-0600@mon-fri, /0800-1800+0200   hours (and weekdays on which they begin), UTC or at an offset
 *   /from=2031-05-06T08:00Z, /until=2031-05-06T18:00Z  no earlier, no later
 *   /moon=135-225                                      degrees of the moon ahead of the sun, 180 is full
 *   /arg:setTemp.celsius=15..24                        the range of an argument
 *   /rate=10:1m, /uses=5                               so many uses in so much time, or in all
 *   /lan                                               from the gateway's own network alone
 *
 * What a unit alone can tell (where it is, its button, the hour on its wall) is no limit of a token: the owner puts it on the
 * gateway's key.
 * @source RFC 6749, section 3.3; PROTOCOL 4.6; ADR 0160
 */
import { type Caveat, encodeCaveat, readCaveats } from "#wire/grants/caveat.ts";
import { EVERY_DAY, readWeekdays } from "#wire/grants/weekdays.ts";

export interface Capability {
  /** As it stands in the scope. */
  readonly word: string;
  readonly level: "all" | "noFlash" | "use";
  /** The function, variable or event that `use` is for. */
  readonly name?: string;
  /** 24 hexadecimal digits; absent for every unit. */
  readonly device?: string;
  readonly caveats: readonly Caveat[];
}

export const SCOPE_WORDS_MAX = 128;
/** The forms of words, for those who wrote another. */
const WORDS_EXPECTED =
  "all, noFlash or use:NAME, each with @DEVICE for one unit, and limits as /0800-1800@mon-fri, /rate=10:1m, /uses=5, /arg:NAME.ARGUMENT=1..9 or /lan";

const HEAD = /^(?:(all|noFlash)|use:([A-Za-z][\w.-]{0,62}))(?:@([0-9a-f]{24}))?$/;
const HOURS =
  /^([01]\d|2[0-3])([0-5]\d)-(?:([01]\d|2[0-3])([0-5]\d)|2400)(?:@([a-z]+(?:[,-][a-z]+)*))?(?:([+-])(\d\d)([0-5]\d))?$/;
const NUMBER = String.raw`-?\d{1,15}(?:\.\d{1,15})?`;
const ARGUMENT = new RegExp(String.raw`^arg:([A-Za-z][\w.-]{0,62})\.([A-Za-z_]\w{0,62})=(${NUMBER})\.\.(${NUMBER})$`);
const MOMENT = /^(from|until)=(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)Z$/;
const UNIT_S = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

function hoursOf(text: string): Caveat | undefined {
  const [whole, h1, m1, h2, m2, days, sign, zoneH, zoneM] = HOURS.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const weekdays = days === undefined ? EVERY_DAY : readWeekdays(days);
  if (weekdays === undefined) return undefined;
  return {
    ...{ kind: "timeOfDay", weekdays, fromMinutes: Number(h1) * 60 + Number(m1) },
    // Midnight is the end of a day here, as 2400 is.
    toMinutes: Number(h2 ?? 0) * 60 + Number(m2 ?? 0) || 1_440,
    utcOffsetMinutes: (sign === "-" ? -1 : 1) * (Number(zoneH ?? 0) * 60 + Number(zoneM ?? 0)) || 0,
  };
}

function momentOf(text: string): Caveat | undefined {
  const [, which, moment = ""] = MOMENT.exec(text) ?? [];
  if (which === undefined) return undefined;
  const ms = Date.parse(`${moment}Z`);
  // A thirtieth of February is none.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(moment)) return undefined;
  return { kind: which === "from" ? "notBefore" : "notAfter", timeS: ms / 1_000 };
}

function limitOf(text: string): Caveat | undefined {
  if (text === "lan") return { kind: "lanOnly" };
  const [, from, to] = /^moon=(\d{1,3})-(\d{1,3})$/.exec(text) ?? [];
  if (from !== undefined) return { kind: "moon", fromDegrees: Number(from), toDegrees: Number(to) };
  const [, count, size, unit] = /^rate=(\d{1,3}):(\d{1,10})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    return { kind: "rate", count: Number(count), windowS: Number(size) * UNIT_S[unit as keyof typeof UNIT_S] };
  }
  const [, uses] = /^uses=(\d{1,10})$/.exec(text) ?? [];
  if (uses !== undefined) return { kind: "uses", count: Number(uses) };
  const [, name = "", argument = "", min, max] = ARGUMENT.exec(text) ?? [];
  if (min !== undefined) return { kind: "argument", function: name, argument, min: Number(min), max: Number(max) };
  return momentOf(text) ?? hoursOf(text);
}

/** What each limit of a word is about: one is enough. */
const subjectOf = (caveat: Caveat) =>
  caveat.kind === "argument" ? `${caveat.function}.${caveat.argument}` : `/${caveat.kind}`;

/** @returns undefined for a word that is none of ours, and for limits that hold nothing or are given twice. */
export function readCapability(word: string): Capability | undefined {
  const [head = "", ...limits] = word.split("/");
  const [, level, name, device] = HEAD.exec(head) ?? [];
  if (level === undefined && name === undefined) return undefined;
  const read = limits.map(limitOf);
  const caveats = read.filter((each) => each !== undefined);
  const isDouble = new Set(caveats.map(subjectOf)).size < caveats.length;
  if (caveats.length < read.length || isDouble || !readCaveats(caveats.map(encodeCaveat)).ok) return undefined;
  const on = { word, caveats, ...(device !== undefined && { device }) };
  return name === undefined ? { level: level as "all" | "noFlash", ...on } : { level: "use", name, ...on };
}

/** The capabilities among the words of a scope; other words give nothing. */
export function readScope(scope: string | undefined): readonly Capability[] {
  return (scope ?? "").split(" ").flatMap((word) => readCapability(word) ?? []);
}

/** Limits that grants have and tokens can't: only the unit knows. */
const OF_UNITS = [
  [/\/near\b/, "only the unit knows where it is"],
  [/\/(button|hold)\b/, "only the unit knows whether its button is held"],
  [/\/[\d]{4}-[\d]{4}(@[a-z,-]+)?\+?local\b/, "only the unit knows the hour where it is; write UTC or an offset"],
  [/\/(discharge|fresh)\b/, "only the unit gives what a second key signs"],
] as const;

/** Why a word is no scope, in one line. */
export function scopeTrouble(word: string): string {
  const shown = word.slice(0, 100).replace(/["\\]|[^\x21-\x7e]/g, "?");
  const [, why] = OF_UNITS.find(([pattern]) => pattern.test(word)) ?? [];
  if (why === undefined) return `'${shown}' is no scope (expected ${WORDS_EXPECTED})`;
  return `'${shown}' is no scope: ${why}. The owner can limit this gateway's key so, by latchkey phone share`;
}
