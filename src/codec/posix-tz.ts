/**
 * Reads a time zone as a POSIX TZ rule, such as `CET-1CEST,M3.5.0,M10.5.0/3`, and tells its offset from UTC at a second.
 * A rule holds for every year, past and future, so a unit needs no table of zones. Where a rule names summer time it must
 * also say when it begins and ends: there is no default.
 * @source POSIX.1-2017, Base Definitions, section 8.3 (TZ); RFC 8536 section 3.3.1 (hours from -167 to 167)
 */
import { ok, type Result, refuse } from "#base/faults.ts";

export const ZONE_CHARACTERS_MAX = 64;
const DAY_S = 86_400;

/** A day of the year, and the local second of that day at which the offset changes. */
interface Change {
  /** `M`: month, week (5 is the last), weekday (0 is Sunday). `J`: day 1 to 365, 29 February is never counted. `D`: day 0 to 365. */
  readonly kind: "M" | "J" | "D";
  readonly fields: readonly number[];
  readonly atS: number;
}

/** Offsets are seconds east of Greenwich. */
export interface Zone {
  readonly standardS: number;
  readonly summer?: { readonly offsetS: number; readonly start: Change; readonly end: Change };
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Reads a rule, or refuses it with ZONE_RULE: more than 64 characters, a wrong form, or summer time without its dates. */
export function readZone(text: string): Result<Zone> {
  const cursor = { text, at: 0 };
  const zone = text.length <= ZONE_CHARACTERS_MAX ? takeZone(cursor) : undefined;
  return zone !== undefined && cursor.at === text.length ? ok(zone) : refuse("ZONE_RULE");
}

function takeZone(cursor: Cursor): Zone | undefined {
  if (!takeName(cursor)) return undefined;
  const west = takeTime(cursor, 24);
  if (west === undefined) return undefined;
  const standardS = -west || 0;
  if (cursor.at === cursor.text.length) return { standardS };
  if (!takeName(cursor)) return undefined;
  const summerWest = cursor.text[cursor.at] === "," ? west - 3600 : takeTime(cursor, 24);
  const start = takeChange(cursor);
  const end = takeChange(cursor);
  if (summerWest === undefined || start === undefined || end === undefined) return undefined;
  return { standardS, summer: { offsetS: -summerWest || 0, start, end } };
}

function takeMark(cursor: Cursor, mark: string): boolean {
  if (cursor.text[cursor.at] !== mark) return false;
  cursor.at++;
  return true;
}

/** A name of at least three letters; in angle brackets digits and signs as well. */
function takeName(cursor: Cursor): boolean {
  const isQuoted = takeMark(cursor, "<");
  const from = cursor.at;
  while (isNamed(cursor.text.charCodeAt(cursor.at), isQuoted)) cursor.at++;
  return cursor.at - from >= 3 && (!isQuoted || takeMark(cursor, ">"));
}

function isNamed(code: number, isQuoted: boolean): boolean {
  const letter = code | 32;
  if (letter >= 97 && letter <= 122) return true;
  return isQuoted && ((code >= 48 && code <= 57) || code === 43 || code === 45);
}

function takeNumber(cursor: Cursor, min: number, max: number): number | undefined {
  let value = 0;
  const from = cursor.at;
  for (; cursor.at - from < 3; cursor.at++) {
    const digit = cursor.text.charCodeAt(cursor.at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  return cursor.at > from && value >= min && value <= max ? value : undefined;
}

/** `[+-]hh[:mm[:ss]]` in seconds. */
function takeTime(cursor: Cursor, hoursMax: number): number | undefined {
  const isNegative = takeMark(cursor, "-");
  if (!isNegative) takeMark(cursor, "+");
  const hours = takeNumber(cursor, 0, hoursMax);
  const minutes = takeMark(cursor, ":") ? takeNumber(cursor, 0, 59) : 0;
  const seconds = takeMark(cursor, ":") ? takeNumber(cursor, 0, 59) : 0;
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  const all = hours * 3600 + minutes * 60 + seconds;
  return isNegative ? -all : all;
}

const MONTH_FIELDS: readonly (readonly [min: number, max: number])[] = [
  [1, 12],
  [1, 5],
  [0, 6],
];

/** `,Mm.w.d`, `,Jn` or `,n`, then `/time`, which is two o'clock where it is left out. */
function takeChange(cursor: Cursor): Change | undefined {
  if (!takeMark(cursor, ",")) return undefined;
  const kind = takeMark(cursor, "M") ? "M" : takeMark(cursor, "J") ? "J" : "D";
  const fields: number[] = [];
  for (const [min, max] of kind === "M" ? MONTH_FIELDS : [[kind === "J" ? 1 : 0, 365] as const]) {
    if (fields.length > 0 && !takeMark(cursor, ".")) return undefined;
    const field = takeNumber(cursor, min, max);
    if (field === undefined) return undefined;
    fields.push(field);
  }
  const atS = takeMark(cursor, "/") ? takeTime(cursor, 167) : 7200;
  return atS === undefined ? undefined : { kind, fields, atS };
}

/** The offset from UTC at a Unix second, in seconds east. */
export function zoneOffsetS({ standardS, summer }: Zone, timeS: number): number {
  if (summer === undefined) return standardS;
  const year = yearOf(Math.floor((timeS + standardS) / DAY_S));
  // Each change is told in the local time that ends with it.
  const startS = changeS(summer.start, year) - standardS;
  const endS = changeS(summer.end, year) - summer.offsetS;
  // South of the equator summer runs over the end of the year.
  const isSummer = startS < endS ? timeS >= startS && timeS < endS : timeS >= startS || timeS < endS;
  return isSummer ? summer.offsetS : standardS;
}

/** Days from 1 January 1970 to 1 January of a year. */
function daysBefore(year: number): number {
  const past = year - 1;
  return 365 * (year - 1970) + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 477;
}

function yearOf(day: number): number {
  let year = 1970 + Math.floor(day / 366);
  while (daysBefore(year + 1) <= day) year++;
  return year;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Local seconds since 1970 at which an offset changes in a year. */
function changeS({ kind, fields, atS }: Change, year: number): number {
  const isLeap = daysBefore(year + 1) - daysBefore(year) === 366;
  const [first = 0, week = 0, weekday = 0] = fields;
  let day = daysBefore(year);
  if (kind === "D") day += first;
  else if (kind === "J") day += first - (isLeap && first >= 60 ? 0 : 1);
  else {
    for (let month = 1; month < first; month++) day += daysIn(month, isLeap);
    // 1 January 1970 was a Thursday.
    const ahead = (weekday - ((day + 4) % 7) + 7) % 7;
    let ofMonth = ahead + 7 * (week - 1);
    if (ofMonth >= daysIn(first, isLeap)) ofMonth -= 7;
    day += ofMonth;
  }
  return day * DAY_S + atS;
}

function daysIn(month: number, isLeap: boolean): number {
  return (MONTH_DAYS[month - 1] as number) + (month === 2 && isLeap ? 1 : 0);
}
