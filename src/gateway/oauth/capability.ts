/**
 * What a token may do, as scopes. Each word gives something and none takes anything away, so fewer words are always a
 * narrower token: `LEVEL` for every unit of this gateway, `LEVEL@DEVICE` for one, and `LEVEL/0800-1800` or `LEVEL@DEVICE/0800-1800` between
 * two times of each day, in UTC. `/lan` at its end gives it to callers in the gateway's own network alone. A level is `all`, `noFlash`, or
 * `use:NAME` for one function, variable or event.
 */
import type { Arrival } from "#gateway/http/arrival.ts";
import { RIGHT, type Rights } from "./rights.ts";

export interface Capability {
  readonly level: "all" | "noFlash" | "use";
  /** The function, variable or event that `use` is for. */
  readonly name?: string;
  /** 24 hexadecimal digits; absent for every unit. */
  readonly device?: string;
  /** Minutes of the day in UTC, from the first up to the second; past midnight where the second is earlier. Absent: always. */
  readonly hours?: readonly [from: number, to: number];
  /** For callers in the gateway's own network alone. */
  readonly isLan?: true;
}

const WORD =
  /^(?:(all|noFlash)|use:([A-Za-z][\w.-]{0,62}))(?:@([0-9a-f]{24}))?(?:\/([01]\d|2[0-3])([0-5]\d)-([01]\d|2[0-3])([0-5]\d))?(\/lan)?$/;

const lanOf = (mark: string | undefined) => (mark === undefined ? {} : { isLan: true as const });

/** @returns undefined for a word that is none of ours, and for hours that never come. */
export function readCapability(word: string): Capability | undefined {
  const [, level, name, device, ...rest] = WORD.exec(word) ?? [];
  if (level === undefined && name === undefined) return undefined;
  const [times, lan] = [rest.slice(0, 4), rest[4]];
  const [fromH, fromM, toH, toM] = times.map(Number) as [number, number, number, number];
  const hours = [fromH * 60 + fromM, toH * 60 + toM] as const;
  if (hours[0] === hours[1]) return undefined;
  const on = { ...(device !== undefined && { device }), ...(times[0] !== undefined && { hours }), ...lanOf(lan) };
  return name === undefined ? { level: level as "all" | "noFlash", ...on } : { level: "use", name, ...on };
}

const clock = (minute: number, between = "") =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(between);

export function writeCapability({ level, name, device, hours, isLan }: Capability): string {
  const when = hours === undefined ? "" : `/${clock(hours[0])}-${clock(hours[1])}`;
  return `${level === "use" ? `use:${name}` : level}${device === undefined ? "" : `@${device}`}${when}${isLan === true ? "/lan" : ""}`;
}

/** The hours of a capability for people, as 08:00; undefined where it has none. */
export function hoursOf({ hours }: Capability): { readonly from: string; readonly to: string } | undefined {
  return hours && { from: clock(hours[0], ":"), to: clock(hours[1], ":") };
}

/** The capabilities among the words of a scope; other words give nothing. */
export function readScope(scope: string | undefined): readonly Capability[] {
  return (scope ?? "").split(" ").flatMap((word) => readCapability(word) ?? []);
}

const DAY = 1_440;
/** How long after the hours begin a minute is. */
const since = ([from]: readonly [number, number], minute: number) => (minute - from + DAY) % DAY;

function includesHours(wider: Capability["hours"], narrower: Capability["hours"]): boolean {
  if (wider === undefined) return true;
  if (narrower === undefined) return false;
  const [begin, end] = [since(wider, narrower[0]), since(wider, narrower[0]) + since(narrower, narrower[1])];
  return begin < since(wider, wider[1]) && end <= since(wider, wider[1]);
}

/** Whether everything that the narrower one allows is allowed by the wider one too. */
function includes(wider: Capability, narrower: Capability): boolean {
  if (wider.device !== undefined && wider.device !== narrower.device) return false;
  if (!includesHours(wider.hours, narrower.hours)) return false;
  if (wider.isLan === true && narrower.isLan !== true) return false;
  if (wider.level === "all") return true;
  if (wider.level === "noFlash") return narrower.level !== "all";
  return narrower.level === "use" && narrower.name === wider.name;
}

/** Whether one of these includes the capability. */
export function covers(held: readonly Capability[], wanted: Capability): boolean {
  return held.some((each) => includes(each, wanted));
}

/** What a request wants to do to a unit. */
export interface Act {
  readonly device: string;
  readonly right: Rights;
  /** The function, variable or event; absent for what concerns the unit itself. */
  readonly name?: string;
  /** Where it comes from; absent where nobody knows. */
  readonly arrival?: Arrival;
}

/**
 * Whether one of these capabilities allows an act. A capability for one name shows the unit, but changes nothing of it.
 * @param nowMs Unix milliseconds.
 */
export function allows(
  held: readonly Capability[],
  { device, right, name, arrival }: Act,
  nowMs = Date.now(),
): boolean {
  const minute = Math.floor(nowMs / 60_000) % DAY;
  return held.some((each) => {
    if (each.device !== undefined && each.device !== device) return false;
    if (each.hours !== undefined && since(each.hours, minute) >= since(each.hours, each.hours[1])) return false;
    if (each.isLan === true && arrival !== "lan") return false;
    if (each.level === "all") return true;
    if (each.level === "noFlash") return right !== RIGHT.flash;
    return right === RIGHT.see || (name === each.name && right !== RIGHT.flash && right !== RIGHT.manage);
  });
}
