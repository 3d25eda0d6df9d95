/** Times: a date, a date with a time and its zone, or a duration from now. */
import { durationMsOf } from "./duration.ts";
import { groupsOf, ValueError } from "./value-error.ts";

const EXPECTED =
  "a date as 2031-05-01 (from midnight UTC), a date and time with its zone as 2031-05-01T12:00Z or 2031-05-01T12:00+02:00, or a duration from now as 30d";
const PATTERN = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2}))?$/;

/** Minutes ahead of UTC of "Z" or "+02:00", or undefined when no place on earth has that offset. */
export function offsetMinutesOf(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? [];
  const offset = Number(hours) * 60 + Number(minutes);
  if (hours === undefined || Number(minutes) > 59 || offset > 840) return undefined;
  return sign === "-" ? -offset : offset;
}

/** Unix seconds of a moment. A day or an hour that the calendar does not have is refused. */
export function momentSOf(option: string, text: string): number {
  if (/^[\d.]+[a-z]+$/.test(text)) return Math.floor((Date.now() + durationMsOf(option, text)) / 1_000);
  const [year, month, day, hour = "00", minute = "00", second = "00", zone = "Z"] = groupsOf(
    option,
    text,
    PATTERN,
    EXPECTED,
  );
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${local}Z`);
  const offset = offsetMinutesOf(zone);
  // Date.parse turns 30 February into 2 March.
  const isReal = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(local);
  if (!isReal || offset === undefined) {
    throw new ValueError(`${option}: there is no such moment as "${text}" (expected ${EXPECTED})`);
  }
  return ms / 1_000 - offset * 60;
}

/** Unix seconds of a moment that is still to come. */
export function futureSOf(option: string, text: string): number {
  const timeS = momentSOf(option, text);
  if (timeS > Date.now() / 1_000) return timeS;
  throw new ValueError(`${option}: ${text} is in the past (expected a moment that is still to come)`);
}
