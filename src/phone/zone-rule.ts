/**
 * Finds the rule of a time zone, in POSIX TZ form, from how its offset from UTC changes, so no table of zones is
 * needed.
 */
import { readZone, zoneOffsetS } from "#codec/posix-tz.ts";

const DAY_S = 86_400;
const YEARS = 10;
/** A zone has no offset for less than this. */
const STEP_S = 7 * DAY_S;

/** One change of the offset, from its first second on. */
interface Change {
  readonly timeS: number;
  readonly beforeS: number;
  readonly afterS: number;
}

function changesOf(offsetS: (timeS: number) => number, fromS: number): readonly Change[] {
  const changes: Change[] = [];
  for (let timeS = fromS; timeS < fromS + YEARS * 365 * DAY_S; timeS += STEP_S) {
    let [before, after] = [timeS, timeS + STEP_S];
    if (offsetS(before) === offsetS(after)) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetS(middle) === offsetS(before)) before = middle;
      else after = middle;
    }
    changes.push({ timeS: after, beforeS: offsetS(before), afterS: offsetS(after) });
  }
  return changes;
}

function hours(seconds: number): string {
  const all = Math.abs(seconds);
  const [hour, minute] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60)];
  return `${seconds < 0 ? "-" : ""}${hour}${minute === 0 ? "" : `:${String(minute).padStart(2, "0")}`}`;
}

/** A name such as `<+0530>`, and the offset west of Greenwich, as POSIX has it. */
function named(offsetS: number): string {
  const all = Math.abs(offsetS);
  const digits = [Math.floor(all / 3600), Math.floor((all % 3600) / 60)].map((part) => String(part).padStart(2, "0"));
  return `<${offsetS < 0 ? "-" : "+"}${digits.join("")}>${hours(-offsetS || 0)}`;
}

/** `M` month, week, weekday and time of day that all these changes have in common. */
function dateOf(changes: readonly Change[], daysLater: number): string | undefined {
  const parts = changes.map(({ timeS, beforeS }) => {
    const localS = timeS + beforeS;
    const day = new Date((Math.floor(localS / DAY_S) + daysLater) * DAY_S * 1000);
    const length = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
    return {
      fixed: `${day.getUTCMonth() + 1} ${day.getUTCDay()} ${(localS % DAY_S) - daysLater * DAY_S}`,
      week: Math.ceil(day.getUTCDate() / 7),
      isLast: day.getUTCDate() + 7 > length,
    };
  });
  const first = parts[0];
  if (first === undefined || parts.some(({ fixed }) => fixed !== first.fixed)) return undefined;
  const isOneWeek = parts.every(({ week }) => week === first.week);
  if (!isOneWeek && !parts.every(({ isLast }) => isLast)) return undefined;
  const [month, weekday, atS] = first.fixed.split(" ").map(Number) as [number, number, number];
  return `,M${month}.${isOneWeek ? first.week : 5}.${weekday}/${hours(atS)}`;
}

/**
 * The rule of a zone.
 * @param offsetS The zone's offset in seconds east of Greenwich, at a Unix second.
 * @param fromS   The present.
 * @returns The rule; undefined where no rule gives the offsets of the coming ten years, as where summer time follows the moon.
 * @source PROTOCOL 4.6.1
 */
export function ruleOf(offsetS: (timeS: number) => number, fromS: number): string | undefined {
  const changes = changesOf(offsetS, fromS);
  const offsets = [...new Set([offsetS(fromS), ...changes.map(({ afterS }) => afterS)])].sort((a, b) => a - b);
  const [standardS = 0, summerS] = offsets;
  if (offsets.length > 2 || offsets.some((each) => each % 60 !== 0)) return undefined;
  if (summerS === undefined) return named(standardS);
  const starts = changes.filter(({ afterS }) => afterS === summerS);
  const ends = changes.filter(({ afterS }) => afterS === standardS);
  // A change at midnight may belong to the day before it, or after.
  for (const startLater of [0, -1, 1]) {
    for (const endLater of [0, -1, 1]) {
      const [start, end] = [dateOf(starts, startLater), dateOf(ends, endLater)];
      const rule = `${named(standardS)}${named(summerS)}${start}${end}`;
      const zone = readZone(rule);
      const isRight = (timeS: number) => zone.ok && zoneOffsetS(zone.value, timeS) === offsetS(timeS);
      if (changes.every(({ timeS }) => isRight(timeS) && isRight(timeS - 1))) return rule;
    }
  }
  return undefined;
}

/** The offset of a zone by its IANA name, or undefined for a name that this machine does not know. */
export function zoneNamed(name: string): ((timeS: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      ...{ timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
      ...{ hour: "numeric", minute: "numeric", second: "numeric" },
    });
  } catch {
    return undefined;
  }
  return (timeS) => {
    const part = new Map(format.formatToParts(timeS * 1000).map(({ type, value }) => [type, Number(value)]));
    const at = (type: Intl.DateTimeFormatPartTypes) => part.get(type) ?? 0;
    const localMs = Date.UTC(at("year"), at("month") - 1, at("day"), at("hour"), at("minute"), at("second"));
    return localMs / 1000 - timeS;
  };
}

/** The name of this phone's own zone. */
export function ownZoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
