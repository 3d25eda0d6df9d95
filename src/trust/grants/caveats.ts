/**
 * Evaluates caveats, with one function per kind. Each returns the fault that refuses, or undefined when the caveat
 * holds.
 */
import { equal } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import type { Cbor, CborMap } from "#codec/cbor.ts";
import { type Zone, zoneOffsetS } from "#codec/posix-tz.ts";
import type { Time } from "#trust/time-floor.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Right } from "#wire/grants/scope.ts";
import { moonElongation } from "./moon.ts";

/** Where the unit is, as it knows itself: degrees times 100,000, and how old that knowledge is. */
export interface Position {
  readonly latitudeE5: number;
  readonly longitudeE5: number;
  readonly ageS: number;
}

/** How often a link was used: in all, and how many seconds ago each of the recent times. */
export interface Usage {
  readonly uses: number;
  readonly agesS: readonly number[];
}

/** A statement that was found good (trust/grants/discharge.ts), and the age of the nonce that it was made over. */
export interface Discharged {
  readonly cti: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly ageS: number;
}

/** What is asked, and the moment in which it is. */
export interface Ask {
  readonly right: Right;
  /** Name of the function, variable or event; absent for rights that concern the unit. */
  readonly name?: string;
  /** Arguments by name, for `call`. */
  readonly args?: CborMap;
  /** Whether it came over the local network or by the relay. */
  readonly arrival: "lan" | "relay";
  /** How long the unit's button has been held by now. */
  readonly buttonHeldMs?: number;
  readonly position?: Position;
  readonly discharged?: readonly Discharged[];
  /** Past use of a link; without it rate and uses refuse. */
  usageOf?(cti: Uint8Array): Usage;
}

/** A time known less exactly than this proves no hour and no phase of the moon. */
const UNCERTAIN_MAX_S = 86_400;
/** An hour begins and ends on a minute, so between two minutes nothing changes. */
const HOURS_STEP_S = 60;
/** The moon moves a quarter of a degree in this time. */
const MOON_STEP_S = 1800;

/**
 * Decides one caveat of the link with this cti.
 * @param time What is known of the time for this link (the unit's own, or vouched for by the link's signer), as far as the
 *             link allows its age.
 * @param zone The zone that the unit keeps, where it was told one.
 * @source PROTOCOL 4.6 (meanings), 4.11 (time)
 */
export function checkCaveat(caveat: Caveat, cti: Uint8Array, ask: Ask, time: Time, zone?: Zone): Fault | undefined {
  switch (caveat.kind) {
    case "functions":
      return ask.name !== undefined && caveat.names.includes(ask.name) ? undefined : "CAVEAT_FUNCTION";
    case "argument":
      return caveat.function !== ask.name || isBetween(ask.args?.get(caveat.argument), caveat.min, caveat.max)
        ? undefined
        : "CAVEAT_ARGUMENT";
    case "notBefore":
      if (time.grade !== "unknown" && time.earliestS >= caveat.timeS) return undefined;
      return time.grade === "trusted" ? "CAVEAT_NOT_BEFORE" : "CAVEAT_TIME_UNKNOWN";
    case "notAfter":
      if (time.grade !== "unknown" && time.earliestS > caveat.timeS) return "CAVEAT_NOT_AFTER";
      if (time.grade !== "trusted") return "CAVEAT_TIME_UNKNOWN";
      return time.latestS <= caveat.timeS ? undefined : "CAVEAT_NOT_AFTER";
    case "timeOfDay":
      return checkMoments(
        time,
        HOURS_STEP_S,
        (timeS) => isInHours(caveat, timeS + 60 * caveat.utcOffsetMinutes),
        "CAVEAT_TIME_OF_DAY",
      );
    case "localHours":
      if (zone === undefined) return "CAVEAT_ZONE_UNKNOWN";
      return checkMoments(
        time,
        HOURS_STEP_S,
        (timeS) => isInHours(caveat, timeS + zoneOffsetS(zone, timeS)),
        "CAVEAT_TIME_OF_DAY",
      );
    case "freshTime":
      return time.grade === "trusted" ? undefined : "CAVEAT_TIME_UNKNOWN";
    case "moon":
      return checkMoments(time, MOON_STEP_S, (timeS) => isInPhase(caveat, timeS), "CAVEAT_MOON");
    case "geofence":
      return checkPosition(caveat, ask.position);
    case "rate":
    case "uses":
      return checkUsage(caveat, ask.usageOf?.(cti));
    case "lanOnly":
      return ask.arrival === "lan" ? undefined : "CAVEAT_LAN";
    case "buttonHeld":
      return (ask.buttonHeldMs ?? 0) >= caveat.heldMs ? undefined : "CAVEAT_BUTTON";
    case "discharge":
      return ask.discharged?.some(
        (each) => equal(each.cti, cti) && equal(each.publicKey, caveat.publicKey) && each.ageS <= caveat.ageS,
      )
        ? undefined
        : "CAVEAT_DISCHARGE";
  }
}

function isBetween(argument: Cbor, min: number, max: number): boolean {
  return typeof argument === "number" && argument >= min && argument <= max;
}

/** A condition on the moment must hold throughout what the present may be: at both ends, and at every step between. */
function checkMoments(time: Time, stepS: number, holds: (timeS: number) => boolean, fault: Fault): Fault | undefined {
  if (time.grade !== "trusted") return "CAVEAT_TIME_UNKNOWN";
  const { earliestS, latestS } = time;
  if (latestS - earliestS > UNCERTAIN_MAX_S) return "CAVEAT_TIME_OLD";
  for (let timeS = earliestS; timeS < latestS; timeS = stepS * (Math.floor(timeS / stepS) + 1)) {
    if (!holds(timeS)) return fault;
  }
  return holds(latestS) ? undefined : fault;
}

/** @param localS Seconds since 1970 as a clock on the wall counts them. */
function isInHours(
  { fromMinutes, toMinutes, weekdays }: Pick<Caveat & { kind: "localHours" }, "fromMinutes" | "toMinutes" | "weekdays">,
  localS: number,
): boolean {
  const localMinutes = Math.floor(localS / 60);
  const day = Math.floor(localMinutes / 1440);
  const minutes = localMinutes - day * 1440;
  if (fromMinutes < toMinutes) return minutes >= fromMinutes && minutes < toMinutes && isOn(weekdays, day);
  // Past midnight: the early hours belong to the day before.
  if (minutes >= fromMinutes) return isOn(weekdays, day);
  return minutes < toMinutes && isOn(weekdays, day - 1);
}

/** Day 0 of Unix time was a Thursday; bit 0 is Monday. */
function isOn(weekdays: number, day: number): boolean {
  return (weekdays & (1 << ((day + 3) % 7))) !== 0;
}

function isInPhase({ fromDegrees, toDegrees }: Caveat & { kind: "moon" }, timeS: number): boolean {
  const degrees = moonElongation(timeS);
  return fromDegrees <= toDegrees
    ? degrees >= fromDegrees && degrees <= toDegrees
    : degrees >= fromDegrees || degrees <= toDegrees;
}

const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS_E5 = Math.PI / 180 / 100_000;

function checkPosition(caveat: Caveat & { kind: "geofence" }, position: Position | undefined): Fault | undefined {
  if (position === undefined || position.ageS > caveat.ageS) return "CAVEAT_POSITION_UNKNOWN";
  const latitude = caveat.latitudeE5 * RADIANS_E5;
  const north = Math.sin((position.latitudeE5 * RADIANS_E5 - latitude) / 2) ** 2;
  const east = Math.sin(((position.longitudeE5 - caveat.longitudeE5) * RADIANS_E5) / 2) ** 2;
  const haversine = north + Math.cos(latitude) * Math.cos(position.latitudeE5 * RADIANS_E5) * east;
  const distanceM = 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(haversine)));
  return distanceM <= caveat.radiusM ? undefined : "CAVEAT_GEOFENCE";
}

function checkUsage(caveat: Caveat & { kind: "rate" | "uses" }, usage: Usage | undefined): Fault | undefined {
  if (caveat.kind === "uses") return (usage?.uses ?? caveat.count) < caveat.count ? undefined : "CAVEAT_USES";
  const recent = usage?.agesS.filter((ageS) => ageS < caveat.windowS).length ?? caveat.count;
  return recent < caveat.count ? undefined : "CAVEAT_RATE";
}
