/**
 * The limits that a key may have, as options of every verb that makes keys: each has one meaning and is checked when
 * it is parsed. Their bounds are those of PROTOCOL 4.6.
 */
import type { Command } from "commander";
import { CAVEATS_MAX, type Caveat } from "#wire/grants/caveat.ts";
import { futureSOf, momentSOf } from "./values/date.ts";
import { durationMsOf, durationSOf, textOf } from "./values/duration.ts";
import { hoursOf, hoursText } from "./values/hours.ts";
import { publicKeyValue } from "./values/identifier.ts";
import { countOf, decimalOf } from "./values/number.ts";
import { groupsOf, ValueError } from "./values/value-error.ts";

export interface LimitOptions {
  readonly expires?: string;
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

/** What the options say: when the key ends, and its conditions. */
export interface Limits {
  readonly expiresAtS: number | undefined;
  readonly caveats: readonly Caveat[];
}

const COUNT_MAX = 2 ** 31;

/** Adds the limits to a verb. */
export function withLimits(command: Command): Command {
  return command
    .option("--expires <when>", "when the key ends: a date, or a duration from now as 30d; holds at once, offline")
    .option("--arg <function.argument=min..max>", "the range of an argument; may be given again")
    .option("--not-before <when>", "not before this moment; the unit must know the time")
    .option("--not-after <when>", "not after this moment; unlike --expires, the unit must know the time")
    .option(
      "--hours <from-to[@days][zone]>",
      "hours and weekdays, as 08:00-18:00@mon-fri+local (the unit's own clock, summer time included) or 22:00-06:00@sat,sun+02:00",
    )
    .option("--fresh <duration>", "only while what the unit was told of the time is no older than this")
    .option(
      "--near <latitude,longitude,radius[,age]>",
      "where the unit is, as 52.52,13.405,500m; by its own knowledge, no older than age (10m)",
    )
    .option("--moon <from-to>", "degrees of the moon ahead of the sun: 0 is new, 180 full")
    .option("--rate <count/duration>", "at most so many uses in so much time, as 10/1m")
    .option("--uses <count>", "at most so many uses in all")
    .option("--lan", "on the local network only")
    .option("--button <duration>", "only while the unit's button has been held for so long, as 3s")
    .option("--discharge <key:duration>", "a second factor: with a fresh consent of this public key, as KEY:60s");
}

/** Reads the limits. @throws ValueError */
export function limitsFrom(options: LimitOptions): Limits {
  const caveats = [...caveatsOf(options)];
  if (caveats.length > CAVEATS_MAX) {
    throw new ValueError(`a key has at most ${CAVEATS_MAX} conditions, and these are ${caveats.length}`);
  }
  const expiresAtS = options.expires === undefined ? undefined : futureSOf("--expires", options.expires);
  const begins = caveats.find((each) => each.kind === "notBefore")?.timeS ?? 0;
  const ends = [expiresAtS, caveats.find((each) => each.kind === "notAfter")?.timeS].filter(
    (each) => each !== undefined,
  );
  if (ends.some((end) => end <= begins)) {
    throw new ValueError(`--not-before: ${options.notBefore} is not before the key's end, so it would never be good`);
  }
  return { expiresAtS, caveats };
}

function* caveatsOf(options: LimitOptions): Iterable<Caveat> {
  const { notBefore, notAfter, hours, fresh, near, moon, rate, uses, lan, button, discharge } = options;
  for (const text of options.arg ?? []) yield argumentOf(text);
  if (notBefore !== undefined) yield { kind: "notBefore", timeS: momentSOf("--not-before", notBefore) };
  if (notAfter !== undefined) yield { kind: "notAfter", timeS: futureSOf("--not-after", notAfter) };
  if (hours !== undefined) yield hoursCaveat(hours);
  if (fresh !== undefined) yield { kind: "freshTime", ageS: durationSOf("--fresh", fresh) };
  if (near !== undefined) yield nearOf(near);
  if (moon !== undefined) yield moonOf(moon);
  if (rate !== undefined) yield rateOf(rate);
  if (uses !== undefined) yield { kind: "uses", count: countOf("--uses", uses, { min: 1, max: COUNT_MAX }) };
  if (lan === true) yield { kind: "lanOnly" };
  if (button !== undefined) yield { kind: "buttonHeld", heldMs: durationMsOf("--button", button, { maxMs: 60_000 }) };
  if (discharge !== undefined) yield dischargeOf(discharge);
}

function argumentOf(text: string): Caveat {
  const expected = "FUNCTION.ARGUMENT=MIN..MAX as setTemp.celsius=15..24";
  const [name, argument, min, max] = groupsOf("--arg", text, /^([^.=]+)\.([^.=]+)=(.+?)\.\.(.+)$/, expected) as [
    string,
    string,
    string,
    string,
  ];
  const range = { min: decimalOf("--arg", min), max: decimalOf("--arg", max) };
  if (range.min > range.max) throw new ValueError(`--arg: ${text} holds no number (expected the smaller one first)`);
  return { kind: "argument", function: name, argument, ...range };
}

function hoursCaveat(text: string): Caveat {
  const { utcOffsetMinutes, ...hours } = hoursOf("--hours", text);
  return utcOffsetMinutes === undefined
    ? { kind: "localHours", ...hours }
    : { kind: "timeOfDay", ...hours, utcOffsetMinutes };
}

function nearOf(text: string): Caveat {
  const expected = "LATITUDE,LONGITUDE,RADIUS[,AGE] as 52.52,13.405,500m or 52.52,13.405,2km,10m";
  const pattern = /^([^,]+),([^,]+),(\d+)(m|km)(?:,([^,]+))?$/;
  const [latitude, longitude, digits, unit, age = "10m"] = groupsOf("--near", text, pattern, expected) as [
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  const degreesE5 = (degrees: string, max: number) =>
    Math.round(decimalOf("--near", degrees, { min: -max, max }) * 100_000);
  const radiusM = countOf("--near", digits, { min: 1, max: unit === "km" ? 20_000 : 20_000_000 });
  return {
    kind: "geofence",
    latitudeE5: degreesE5(latitude, 90),
    longitudeE5: degreesE5(longitude, 180),
    radiusM: unit === "km" ? radiusM * 1_000 : radiusM,
    ageS: durationSOf("--near", age),
  };
}

function moonOf(text: string): Caveat {
  const [from = "", to = ""] = groupsOf("--moon", text, /^(\d{1,3})-(\d{1,3})$/, "two degrees as 135-225");
  const degrees = (each: string) => countOf("--moon", each, { min: 0, max: 359 });
  return { kind: "moon", fromDegrees: degrees(from), toDegrees: degrees(to) };
}

function rateOf(text: string): Caveat {
  const [count = "", window = ""] = groupsOf("--rate", text, /^(\d+)\/(.+)$/, "COUNT/DURATION as 10/1m");
  return {
    kind: "rate",
    count: countOf("--rate", count, { min: 1, max: 255 }),
    windowS: durationSOf("--rate", window),
  };
}

function dischargeOf(text: string): Caveat {
  const [key = "", age = ""] = groupsOf(
    "--discharge",
    text,
    /^([^:]+):(.+)$/,
    "a public key and a duration, as KEY:60s",
  );
  return {
    kind: "discharge",
    publicKey: publicKeyValue("--discharge", key),
    ageS: durationSOf("--discharge", age),
  };
}

/** A moment as people read it, to the second and in UTC. */
export function momentText(timeS: number): string {
  return new Date(timeS * 1_000).toISOString().replace(/(:00)?\.000Z$/, "Z");
}

/** The limits in words, one each. */
export function limitsText({ expiresAtS, caveats }: Limits): readonly string[] {
  const ends = expiresAtS === undefined ? [] : [`until ${momentText(expiresAtS)}`];
  return [...ends, ...caveats.map(caveatText)];
}

function caveatText(caveat: Caveat): string {
  switch (caveat.kind) {
    case "functions":
      return `only ${caveat.names.join(", ")}`;
    case "argument":
      return `${caveat.function}: ${caveat.argument} from ${caveat.min} to ${caveat.max}`;
    case "notBefore":
      return `not before ${momentText(caveat.timeS)}`;
    case "notAfter":
      return `not after ${momentText(caveat.timeS)}`;
    case "timeOfDay":
      return hoursText(caveat);
    case "localHours":
      return hoursText({ ...caveat, utcOffsetMinutes: undefined });
    case "freshTime":
      return `time told within ${textOf(caveat.ageS * 1_000)}`;
    case "geofence":
      return `within ${caveat.radiusM} m of ${caveat.latitudeE5 / 1e5}, ${caveat.longitudeE5 / 1e5}`;
    case "moon":
      return `moon from ${caveat.fromDegrees} to ${caveat.toDegrees} degrees`;
    case "rate":
      return `${caveat.count} uses in ${textOf(caveat.windowS * 1_000)}`;
    case "uses":
      return `${caveat.count} uses in all`;
    case "lanOnly":
      return "local network only";
    case "buttonHeld":
      return `button held for ${textOf(caveat.heldMs)}`;
    case "discharge":
      return `second factor within ${textOf(caveat.ageS * 1_000)}`;
  }
}
