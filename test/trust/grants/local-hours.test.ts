/** Hours in local time, on ordinary days and on both nights of the change of clocks. */
import { describe, expect, it } from "vitest";
import { readZone } from "#codec/posix-tz.ts";
import { verifyChain } from "#trust/grants/verify-grant.ts";
import { call, guestWith, trust } from "./household.ts";

const EVERY_DAY = 127;
const WEEKDAYS = 31;
const SUNDAY = 64;
const BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3";
const SYDNEY = "AEST-10AEDT,M10.1.0,M4.1.0/3";

const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/** The verdict at a moment, told as a wall clock's time with its offset, for a unit in a zone. */
function verdict(hours: string, weekdays: number, rule: string, when: string, uncertainS = 1): string {
  const [from = "", to = ""] = hours.split("-");
  const zone = readZone(rule);
  if (!zone.ok) throw new Error(zone.fault);
  const earliestS = Date.parse(when) / 1000;
  const time = { grade: "trusted", earliestS, latestS: earliestS + uncertainS, ageS: 0 } as const;
  const caveat = { kind: "localHours", fromMinutes: minutesOf(from), toMinutes: minutesOf(to), weekdays } as const;
  const result = verifyChain(guestWith(caveat), call, { ...trust, time, zone: zone.value });
  return result.ok ? "allowed" : result.fault;
}

const OUT = "CAVEAT_TIME_OF_DAY";

describe("weekday evenings", () => {
  it.each([
    ["2027-01-15T17:59:58+01:00", OUT],
    ["2027-01-15T18:00:00+01:00", "allowed"],
    ["2027-07-16T17:59:58+02:00", OUT],
    ["2027-07-16T18:00:00+02:00", "allowed"],
    ["2027-07-16T21:59:58+02:00", "allowed"],
    ["2027-07-16T22:00:00+02:00", OUT],
    ["2027-07-17T18:00:00+02:00", OUT],
  ])("from six to ten at %s: %s, in winter and in summer", (when, expected) => {
    expect(verdict("18:00-22:00", WEEKDAYS, BERLIN, when)).toBe(expected);
  });

  it("south of the equator they are an hour earlier by UTC at New Year", () => {
    expect(verdict("18:00-22:00", WEEKDAYS, SYDNEY, "2027-01-01T07:00:00Z")).toBe("allowed");
    expect(verdict("18:00-22:00", WEEKDAYS, SYDNEY, "2027-07-01T07:00:00Z")).toBe(OUT);
    expect(verdict("18:00-22:00", WEEKDAYS, SYDNEY, "2027-07-01T08:00:00Z")).toBe("allowed");
  });
});

describe("the night on which clocks go forward", () => {
  it("the hour that is left out is never inside", () => {
    expect(verdict("02:00-03:00", EVERY_DAY, BERLIN, "2027-03-28T00:59:58Z")).toBe(OUT);
    expect(verdict("02:00-03:00", EVERY_DAY, BERLIN, "2027-03-28T01:00:00Z")).toBe(OUT);
    expect(verdict("02:00-03:00", EVERY_DAY, BERLIN, "2027-03-27T01:30:00Z")).toBe("allowed");
  });

  it("a night that spans it is an hour shorter, and belongs to the day on which it began", () => {
    expect(verdict("22:00-06:00", EVERY_DAY, BERLIN, "2027-03-28T03:59:58Z")).toBe("allowed");
    expect(verdict("22:00-06:00", EVERY_DAY, BERLIN, "2027-03-28T04:00:00Z")).toBe(OUT);
    expect(verdict("22:00-06:00", SUNDAY, BERLIN, "2027-03-28T03:30:00Z")).toBe(OUT);
  });
});

describe("the night on which clocks go back", () => {
  it("both passes of the repeated hour count", () => {
    for (const when of ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"]) {
      expect(verdict("02:15-02:45", EVERY_DAY, BERLIN, when), when).toBe("allowed");
    }
    expect(verdict("02:15-02:45", EVERY_DAY, BERLIN, "2027-10-31T01:00:00Z")).toBe(OUT);
  });

  it("an evening until half past two ends, and comes back for the second half past two", () => {
    const at = (when: string) => verdict("22:00-02:30", EVERY_DAY, BERLIN, when);
    expect(at("2027-10-31T00:29:00Z")).toBe("allowed");
    expect(at("2027-10-31T00:30:00Z")).toBe(OUT);
    expect(at("2027-10-31T01:00:00Z")).toBe("allowed");
    expect(at("2027-10-31T01:30:00Z")).toBe(OUT);
  });
});

describe("a time that is known inexactly", () => {
  const ALL_NIGHT_OUT = "18:00-22:00";
  it("proves an evening when the whole interval lies within one", () => {
    expect(verdict(ALL_NIGHT_OUT, EVERY_DAY, "UTC0", "2027-01-15T18:00:00Z", 4 * 3600 - 1)).toBe("allowed");
    expect(verdict(ALL_NIGHT_OUT, EVERY_DAY, "UTC0", "2027-01-15T18:00:00Z", 4 * 3600)).toBe(OUT);
  });

  it("proves none when it begins in one evening and ends in the next", () => {
    expect(verdict(ALL_NIGHT_OUT, EVERY_DAY, "UTC0", "2027-01-15T19:00:00Z", 86_400)).toBe(OUT);
  });

  it("proves whole days over midnight, without a gap", () => {
    expect(verdict("00:00-24:00", WEEKDAYS, "UTC0", "2027-01-14T23:59:59Z")).toBe("allowed");
    expect(verdict("00:00-24:00", WEEKDAYS, "UTC0", "2027-01-15T23:59:59Z")).toBe(OUT);
  });

  it("over the change of clocks, a gap of less than the interval shows", () => {
    // 01:59 is inside, 03:00 is outside.
    expect(verdict("01:00-03:00", EVERY_DAY, BERLIN, "2027-03-28T00:30:00Z", 3600)).toBe(OUT);
    // The second pass is inside again: the gap between lies within the interval.
    expect(verdict("22:00-02:30", EVERY_DAY, BERLIN, "2027-10-31T00:20:00Z", 3000)).toBe(OUT);
  });
});
