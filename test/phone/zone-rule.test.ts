/** Rules that a phone finds by looking at a zone. */
import { expect, it } from "vitest";
import { readZone, zoneOffsetS } from "#codec/posix-tz.ts";
import { ruleOf, zoneNamed } from "#phone/zone-rule.ts";

const NOW_S = Date.parse("2026-11-29T00:00:00Z") / 1000;

it.each([
  ["Europe/Berlin", "<+0100>-1<+0200>-2,M3.5.0/2,M10.5.0/3"],
  ["America/New_York", "<-0500>5<-0400>4,M3.2.0/2,M11.1.0/2"],
  ["Australia/Sydney", "<+1000>-10<+1100>-11,M10.1.0/2,M4.1.0/3"],
  ["Australia/Lord_Howe", "<+1030>-10:30<+1100>-11,M10.1.0/2,M4.1.0/2"],
  ["Asia/Kolkata", "<+0530>-5:30"],
  ["UTC", "<+0000>0"],
])("%s: %s", (name, rule) => {
  const offsetS = zoneNamed(name) as (timeS: number) => number;
  expect(ruleOf(offsetS, NOW_S)).toBe(rule);
});

it.each(["America/Santiago", "America/Nuuk", "Pacific/Chatham", "Europe/Dublin", "Asia/Beirut", "America/Havana"])(
  "the rule of %s gives its offsets through ten years",
  (name) => {
    const offsetS = zoneNamed(name) as (timeS: number) => number;
    const zone = readZone(ruleOf(offsetS, NOW_S) ?? "");
    if (!zone.ok) throw new Error(`${name}: no rule`);
    for (let day = 0; day < 3650; day += 3) {
      const timeS = NOW_S + day * 86_400;
      expect(zoneOffsetS(zone.value, timeS)).toBe(offsetS(timeS));
    }
  },
);

it("a zone whose summer time follows the moon has none, and neither has a name that nobody knows", () => {
  expect(ruleOf(zoneNamed("Africa/Casablanca") as (timeS: number) => number, NOW_S)).toBeUndefined();
  expect(zoneNamed("Berlin time")).toBeUndefined();
});
