/** Hours of the day on some weekdays: 08:00-18:00, 18:00-22:00@mon-fri+local, 22:00-06:00@sat,sun+02:00. */
import { daysOf, readWeekdays } from "#wire/grants/weekdays.ts";
import { offsetMinutesOf } from "./date.ts";
import { groupsOf, ValueError, wrongValue } from "./value-error.ts";

interface Hours {
  readonly fromMinutes: number;
  /** Excluded; 1440 for midnight at the end of the day. */
  readonly toMinutes: number;
  /** Bit 0 is Monday. */
  readonly weekdays: number;
  /** Undefined: by the clock where the unit is, summer time included. */
  readonly utcOffsetMinutes: number | undefined;
}

const EXPECTED =
  "FROM-TO[@DAYS][ZONE] as 08:00-18:00@mon-fri+local (the unit's own clock), 22:00-06:00@sat,sun+02:00 or 08:00-18:00Z; UTC where no zone is named";
const PATTERN = /^(\d\d):(\d\d)-(\d\d):(\d\d)(?:@([a-z]+(?:[,-][a-z]+)*))?(Z|\+local|[+-]\d\d:\d\d)?$/;

/** Days as a bit each: mon-fri, sat,sun, fri-mon. */
export function weekdaysOf(option: string, text: string): number {
  return readWeekdays(text) ?? wrongValue(option, text, "days as mon-fri or sat,sun");
}

/** Days as a person writes them. */
function weekdaysText(weekdays: number): string {
  const days = daysOf(weekdays);
  return days.length === 7 ? "every day" : weekdays === 31 ? "mon-fri" : days.join(",");
}

export function hoursOf(option: string, text: string): Hours {
  const [h1, m1, h2, m2, days = "mon-sun", zone = "Z"] = groupsOf(option, text, PATTERN, EXPECTED);
  const fromMinutes = Number(h1) * 60 + Number(m1);
  const toMinutes = Number(h2) * 60 + Number(m2);
  if (Number(m1) > 59 || Number(m2) > 59 || fromMinutes > 1439 || toMinutes > 1440 || toMinutes === 0) {
    wrongValue(option, text, `times from 00:00 to 24:00, ${EXPECTED}`);
  }
  if (fromMinutes === toMinutes) throw new ValueError(`${option}: ${text} never begins (expected two different times)`);
  const weekdays = readWeekdays(days) ?? wrongValue(option, text, `the days as mon-fri or sat,sun, ${EXPECTED}`);
  if (zone === "+local") return { fromMinutes, toMinutes, weekdays, utcOffsetMinutes: undefined };
  const utcOffsetMinutes = offsetMinutesOf(zone);
  if (utcOffsetMinutes === undefined) wrongValue(option, text, `a zone from -14:00 to +14:00, ${EXPECTED}`);
  return { fromMinutes, toMinutes, weekdays, utcOffsetMinutes };
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** Hours as a person reads them. */
export function hoursText({ fromMinutes, toMinutes, weekdays, utcOffsetMinutes }: Hours): string {
  const offset = Math.abs(utcOffsetMinutes ?? 0);
  const sign = (utcOffsetMinutes ?? 0) < 0 ? "-" : "+";
  const zone = utcOffsetMinutes === undefined ? "the unit's time" : `UTC${offset === 0 ? "" : sign + clock(offset)}`;
  return `${clock(fromMinutes)}-${clock(toMinutes)} ${weekdaysText(weekdays)}, ${zone}`;
}

/** A window within the day, UTC, as 23:30-05:00. */
export function windowOf(option: string, text: string): { readonly fromMinute: number; readonly toMinute: number } {
  const expected = "two times in UTC, as 23:30-05:00";
  const pattern = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
  const [h1, m1, h2, m2] = groupsOf(option, text, pattern, expected);
  const [fromMinute, toMinute] = [Number(h1) * 60 + Number(m1), Number(h2) * 60 + Number(m2)];
  if (fromMinute !== toMinute) return { fromMinute, toMinute };
  throw new ValueError(`${option}: ${text} never opens (expected two different times, or --no-window for any hour)`);
}
