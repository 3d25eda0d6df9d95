/** Whether a limit of a token includes another: what a token is exchanged for is never wider than what it is itself. */
import { checkCaveat } from "#trust/grants/caveats.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Capability } from "./scope-word.ts";

type Hours = Caveat & { kind: "timeOfDay" };

const WEEK_MINUTES = 7 * 24 * 60;
const weeks = new WeakMap<Hours, Uint8Array>();
const NOBODY = new Uint8Array(8);

/** For each minute of a week, whether hours hold in it: they begin and end on a minute, and repeat each week. */
function weekOf(hours: Hours): Uint8Array {
  const known = weeks.get(hours);
  if (known !== undefined) return known;
  const ask = { right: "read", arrival: "relay" } as const;
  const week = Uint8Array.from({ length: WEEK_MINUTES }, (_, minute) => {
    // The second week of 1970: an offset from UTC leads to no time before it.
    const timeS = (WEEK_MINUTES + minute) * 60;
    const time = { grade: "trusted", earliestS: timeS, latestS: timeS } as const;
    return checkCaveat(hours, NOBODY, ask, time) === undefined ? 1 : 0;
  });
  weeks.set(hours, week);
  return week;
}

const isWithinHours = (narrow: Hours, wide: Hours) => {
  const [narrowWeek, wideWeek] = [weekOf(narrow), weekOf(wide)];
  return narrowWeek.every((holds, minute) => holds <= (wideWeek[minute] ?? 0));
};

const CIRCLE = 360;
const ahead = (from: number, to: number) => (to - from + CIRCLE) % CIRCLE;

/** Whether whoever is held to the narrow caveat is held to the wide one too. */
function implies(narrow: Caveat, wide: Caveat): boolean {
  switch (wide.kind) {
    case "argument":
      return (
        narrow.kind === "argument" &&
        narrow.function === wide.function &&
        narrow.argument === wide.argument &&
        narrow.min >= wide.min &&
        narrow.max <= wide.max
      );
    case "notBefore":
      return narrow.kind === "notBefore" && narrow.timeS >= wide.timeS;
    case "notAfter":
      return narrow.kind === "notAfter" && narrow.timeS <= wide.timeS;
    case "timeOfDay":
      return narrow.kind === "timeOfDay" && isWithinHours(narrow, wide);
    case "moon": {
      if (narrow.kind !== "moon") return false;
      const length = ahead(narrow.fromDegrees, narrow.toDegrees);
      return ahead(wide.fromDegrees, narrow.fromDegrees) + length <= ahead(wide.fromDegrees, wide.toDegrees);
    }
    case "rate":
      return narrow.kind === "rate" && narrow.count <= wide.count && narrow.windowS >= wide.windowS;
    case "uses":
      return narrow.kind === "uses" && narrow.count <= wide.count;
    case "lanOnly":
      return narrow.kind === "lanOnly";
    default:
      // No word of a scope has the others.
      return false;
  }
}

/** Whether everything that the narrower capability allows is allowed by the wider one too. */
function includes(wide: Capability, narrow: Capability): boolean {
  if (wide.device !== undefined && wide.device !== narrow.device) return false;
  if (wide.level === "noFlash" && narrow.level === "all") return false;
  if (wide.level === "use" && (narrow.level !== "use" || narrow.name !== wide.name)) return false;
  return wide.caveats.every((caveat) => {
    // The arguments of a function bind nobody who may use another name alone.
    if (caveat.kind === "argument" && narrow.level === "use" && narrow.name !== caveat.function) return true;
    return narrow.caveats.some((each) => implies(each, caveat));
  });
}

/** Whether one of these includes the capability. */
export const covers = (held: readonly Capability[], wanted: Capability): boolean =>
  held.some((each) => includes(each, wanted));
