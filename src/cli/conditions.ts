/** Conditions of a grant as options of the command line, and what they mean. */
import type { Command } from "commander";
import { fromHex } from "#base/bytes.ts";
import type { Audience } from "#wire/grants/audience.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { LEVEL, RIGHT, type Right, type Scope, scopeOf } from "#wire/grants/scope.ts";
import { isFleet } from "#wire/link/topics.ts";
import { isProduct } from "#wire/releases/release.ts";
import { publicKeyOf } from "./readings.ts";
import { CliTrouble } from "./trouble.ts";

export interface ConditionOptions {
  readonly level?: string;
  readonly allow?: readonly string[];
  readonly expires?: string;
  readonly epoch: string;
  readonly only?: readonly string[];
  readonly arg?: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly hours?: string;
  readonly fresh?: string;
  readonly near?: string;
  readonly moon?: string;
  readonly rate?: string;
  readonly uses?: string;
  readonly lan?: boolean;
  readonly button?: string;
  readonly discharge?: string;
}

/** Adds to a verb what a link may say. */
export function withConditions(command: Command): Command {
  return command
    .option("--level <level>", "all, or noFlash (all but starting installs)")
    .option("--allow <name=right,...>", "a function, variable or event and its rights, as setLamp=call,read", collect)
    .option("--expires <when>", "a date, or a number of days from now as 30d")
    .option("--epoch <number>", "the signing key's floor, or higher", "0")
    .option("--only <name,...>", "these functions, variables and events only", (text) => text.split(","))
    .option("--arg <function.argument=min..max>", "an argument's range", collect)
    .option("--not-before <when>", "not before this date; wants a proved time")
    .option("--not-after <when>", "not after this date; wants a proved time")
    .option(
      "--hours <from-to[@days][+offset]>",
      "as 08:00-18:00@mon-fri+02:00; with +local by the clock where the unit is, summer time included",
    )
    .option("--fresh <seconds>", "only while what the unit was told of the time is no older than this")
    .option(
      "--near <latitude,longitude,metres[,seconds]>",
      "where the unit is, by its own knowledge not older than this",
    )
    .option("--moon <from-to>", "degrees of the moon ahead of the sun: 0 is new, 180 full")
    .option("--rate <count/seconds>", "at most so many uses in so many seconds")
    .option("--uses <count>", "at most so many uses")
    .option("--lan", "on the local network only")
    .option("--button <milliseconds>", "while the unit's button is held for so long")
    .option("--discharge <key:seconds>", "with a fresh yes of this public key (64 hexadecimal digits)");
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function wrong(option: string, text: string, example: string): never {
  throw new CliTrouble(`--${option} ${text} is not understood; write it as ${example}`);
}

function match(option: string, text: string, pattern: RegExp, example: string): readonly string[] {
  return pattern.exec(text)?.slice(1) ?? wrong(option, text, example);
}

/** Unix seconds of a date, or of some days from now. */
export function secondsOf(option: string, text: string): number {
  const days = /^(\d+)d$/.exec(text);
  if (days !== null) return Math.floor(Date.now() / 1000) + Number(days[1]) * 86400;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? wrong(option, text, "2031-05-01, 2031-05-01T12:00Z or 30d") : milliseconds / 1000;
}

export function wholeOf(option: string, text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : wrong(option, text, "a whole number");
}

export function scopeFrom(options: ConditionOptions, fallback: Scope): Scope {
  if (options.allow !== undefined) {
    const names = options.allow.map((text) => {
      const [name, rights] = match("allow", text, /^([^=]+)=([a-z,]+)$/, "setLamp=call,read") as [string, string];
      const list = rights.split(",");
      if (!list.every((right) => right in RIGHT))
        wrong("allow", text, `NAME= and some of ${Object.keys(RIGHT).join(", ")}`);
      return [name, list as Right[]] as const;
    });
    return scopeOf(Object.fromEntries(names));
  }
  if (options.level === undefined) return fallback;
  if (options.level !== "all" && options.level !== "noFlash") wrong("level", options.level, "all or noFlash");
  return LEVEL[options.level];
}

/** Whom a grant is for: an ID, product:NAME, fleet:NAME; null stands for all devices of the fleet that is named. */
export function audienceFrom(text: string, fleet: string | undefined): Audience {
  const id = text.length === 24 ? fromHex(text) : undefined;
  if (id !== undefined) return { kind: "device", id };
  if (text === "null") {
    if (fleet === undefined)
      throw new CliTrouble("--for null means all your devices; name their fleet too: --fleet NAME");
    if (!isFleet(fleet)) {
      throw new CliTrouble(
        `"${fleet}" cannot name a fleet (expected 1 to 32 lower-case letters, digits and hyphens); give another --fleet`,
      );
    }
    return { kind: "fleet", name: fleet };
  }
  const [kind, name] = match(
    "for",
    text,
    /^(product|fleet):(.{1,32})$/,
    "a device ID, product:NAME, fleet:NAME or null",
  );
  if (!isProduct(name as string)) {
    throw new CliTrouble(
      `--for ${text}: no ${kind} can have this name (expected 1 to 32 lower-case letters, digits and hyphens)`,
    );
  }
  return { kind: kind as "product" | "fleet", name: name as string };
}

export function caveatsFrom(options: ConditionOptions): readonly Caveat[] {
  const caveats: Caveat[] = [];
  if (options.only !== undefined) caveats.push({ kind: "functions", names: options.only });
  for (const text of options.arg ?? []) caveats.push(argumentFrom(text));
  if (options.notBefore !== undefined) {
    caveats.push({ kind: "notBefore", timeS: secondsOf("not-before", options.notBefore) });
  }
  if (options.notAfter !== undefined)
    caveats.push({ kind: "notAfter", timeS: secondsOf("not-after", options.notAfter) });
  if (options.hours !== undefined) caveats.push(hoursFrom(options.hours));
  if (options.fresh !== undefined) caveats.push({ kind: "freshTime", ageS: wholeOf("fresh", options.fresh) });
  if (options.near !== undefined) caveats.push(nearFrom(options.near));
  if (options.moon !== undefined) {
    const [from, to] = match("moon", options.moon, /^(\d{1,3})-(\d{1,3})$/, "135-225");
    caveats.push({ kind: "moon", fromDegrees: Number(from), toDegrees: Number(to) });
  }
  if (options.rate !== undefined) {
    const [count, windowS] = match("rate", options.rate, /^(\d+)\/(\d+)$/, "10/60");
    caveats.push({ kind: "rate", count: Number(count), windowS: Number(windowS) });
  }
  if (options.uses !== undefined) caveats.push({ kind: "uses", count: wholeOf("uses", options.uses) });
  if (options.lan === true) caveats.push({ kind: "lanOnly" });
  if (options.button !== undefined) caveats.push({ kind: "buttonHeld", heldMs: wholeOf("button", options.button) });
  if (options.discharge !== undefined) {
    const [key, ageS] = match("discharge", options.discharge, /^([0-9a-fA-F]{64}):(\d+)$/, "KEY:60");
    caveats.push({ kind: "discharge", publicKey: publicKeyOf("--discharge", key as string), ageS: Number(ageS) });
  }
  return caveats;
}

const NUMBER = "(-?\\d+(?:\\.\\d+)?)";

function argumentFrom(text: string): Caveat {
  const pattern = new RegExp(`^([^.=]+)\\.([^.=]+)=${NUMBER}\\.\\.${NUMBER}$`);
  const [name, argument, min, max] = match("arg", text, pattern, "setTemp.celsius=15..24") as [
    string,
    string,
    string,
    string,
  ];
  return { kind: "argument", function: name, argument, min: Number(min), max: Number(max) };
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function hoursFrom(text: string): Caveat {
  const example = "08:00-18:00, 08:00-18:00@mon-fri+local or 22:00-06:00@sat,sun+02:00";
  const pattern = /^(\d\d):(\d\d)-(\d\d):(\d\d)(?:@([a-z,-]+?))?(?:(\+local)|([+-])(\d\d):(\d\d))?$/;
  const [h1, m1, h2, m2, days = "mon-sun", isLocal, sign, oh = "0", om = "0"] = match("hours", text, pattern, example);
  let weekdays = 0;
  for (const part of days.split(",")) {
    const [from, to = from] = part.split("-").map((day) => DAYS.indexOf(day)) as [number, number | undefined];
    if (from < 0 || to === undefined || to < 0) wrong("hours", text, example);
    for (let day = from; ; day = (day + 1) % 7) {
      weekdays |= 1 << day;
      if (day === to) break;
    }
  }
  const fromMinutes = Number(h1) * 60 + Number(m1);
  const toMinutes = Number(h2) * 60 + Number(m2);
  if (isLocal !== undefined) return { kind: "localHours", fromMinutes, toMinutes, weekdays };
  const offset = Number(oh) * 60 + Number(om);
  return { kind: "timeOfDay", fromMinutes, toMinutes, weekdays, utcOffsetMinutes: sign === "-" ? -offset : offset };
}

function nearFrom(text: string): Caveat {
  const pattern = new RegExp(`^${NUMBER},${NUMBER},(\\d+)(?:,(\\d+))?$`);
  const [latitude, longitude, metres, seconds = "600"] = match("near", text, pattern, "52.52,13.405,500");
  return {
    kind: "geofence",
    latitudeE5: Math.round(Number(latitude) * 100_000),
    longitudeE5: Math.round(Number(longitude) * 100_000),
    radiusM: Number(metres),
    ageS: Number(seconds),
  };
}
