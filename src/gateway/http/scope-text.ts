/** What a word of a scope allows, for the person who is asked to allow it. */
import { STAFF_SCOPE } from "#gateway/oauth/client-metadata.ts";
import { readCapability } from "#gateway/oauth/scope-word.ts";
import type { Units } from "#gateway/units/units.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { daysOf, EVERY_DAY, WEEKDAYS } from "#wire/grants/weekdays.ts";
import type { Speech } from "./page-texts.ts";

const clock = (minutes: number) =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");

function zoneText(minutes: number): string {
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "-" : "+"}${clock(Math.abs(minutes))}`;
}

const DAY_MS = 86_400_000;
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * DAY_MS;

function daysText(weekdays: number, { language }: Speech): string {
  const format = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" });
  const names = daysOf(weekdays).map((day) => format.format(MONDAY_MS + WEEKDAYS.indexOf(day) * DAY_MS));
  return new Intl.ListFormat(language).format(names);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

function durationText(seconds: number, { language }: Speech): string {
  const [unit, size] = UNITS.find(([, each]) => seconds % each === 0) ?? UNITS[3];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
}

const momentText = (timeS: number, { language }: Speech) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long", timeZone: "UTC" }).format(timeS * 1_000);

function limitText(caveat: Caveat, say: Speech): string {
  switch (caveat.kind) {
    case "timeOfDay": {
      const { fromMinutes, toMinutes, weekdays, utcOffsetMinutes } = caveat;
      const times = { from: clock(fromMinutes), to: clock(toMinutes), zone: zoneText(utcOffsetMinutes) };
      const hours = say(", from {from} to {to} {zone}", times);
      return weekdays === EVERY_DAY ? hours : hours + say(" (on {days})", { days: daysText(weekdays, say) });
    }
    case "notBefore":
      return say(", not before {time}", { time: momentText(caveat.timeS, say) });
    case "notAfter":
      return say(", not after {time}", { time: momentText(caveat.timeS, say) });
    case "moon":
      return say(", while the moon is {from} to {to} degrees ahead of the sun (180 is full)", {
        ...{ from: caveat.fromDegrees, to: caveat.toDegrees },
      });
    case "argument":
      return say(", {name} with {argument} from {min} to {max} alone", { ...caveat, name: caveat.function });
    case "rate":
      return say(", at most {count} times in {time}", {
        ...{ count: caveat.count, time: durationText(caveat.windowS, say) },
      });
    case "uses":
      return say(", {count} times in all", { count: caveat.count });
    case "lanOnly":
      return say(", from the gateway's own network alone");
    default:
      // No word of a scope has the others.
      return "";
  }
}

/** @returns The word itself where it is none of this gateway's. */
export function scopeText(word: string, units: Units, say: Speech): string {
  if (word === STAFF_SCOPE)
    return say("run this gateway for you: accounts, tokens and its journal, as far as your role goes");
  const capability = readCapability(word);
  if (capability === undefined) return word;
  const { level, name = "", device, caveats } = capability;
  const unit = device === undefined ? undefined : units.find(device);
  const whole = device === undefined ? say("every device") : (unit?.name ?? say("device {id}", { id: device }));
  const where = [whole, ...caveats.map((caveat) => limitText(caveat, say))].join("");
  if (level === "use") return say("use {name} of {where}", { name, where });
  return say(
    level === "all" ? "do everything with {where}, also install releases" : "do everything with {where}, except PUT",
    { where },
  );
}
