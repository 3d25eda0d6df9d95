import { expect, test } from "vitest";
import { moonElongation } from "#trust/grants/moon.ts";

/** Published instants of phases and eclipses (NASA, USNO), to the minute. */
const PHASES = [
  ["2000-01-06T18:14Z", 0],
  ["2024-04-08T18:21Z", 0],
  ["2025-01-06T23:56Z", 90],
  ["2025-01-13T22:27Z", 180],
  ["2025-01-21T20:31Z", 270],
  ["2025-01-29T12:36Z", 0],
  ["2025-03-29T10:58Z", 0],
  ["2025-09-07T18:09Z", 180],
  ["2025-12-04T23:14Z", 180],
  ["2026-03-03T11:38Z", 180],
  ["2026-08-12T17:37Z", 0],
  ["2027-08-02T10:05Z", 0],
  ["2028-07-22T03:02Z", 0],
  ["2030-06-01T06:21Z", 0],
  ["2034-03-20T10:15Z", 0],
  ["2044-08-23T01:16Z", 0],
  ["2045-08-12T17:39Z", 0],
] as const;

test.each(PHASES)("%s: %d degrees, within 0.2", (iso, degrees) => {
  const off = moonElongation(Date.parse(iso) / 1000) - degrees;
  expect(Math.abs(((off + 540) % 360) - 180)).toBeLessThan(0.2);
});

test("it goes around once in a month, forward all the time", () => {
  let before = moonElongation(1_800_000_000);
  let degrees = 0;
  for (let hour = 1; hour <= 708.7; hour++) {
    const now = moonElongation(1_800_000_000 + hour * 3600);
    const step = (now - before + 360) % 360;
    expect(step).toBeGreaterThan(0.4);
    expect(step).toBeLessThan(0.7);
    degrees += step;
    before = now;
  }
  expect(degrees).toBeGreaterThan(345);
  expect(degrees).toBeLessThan(375);
});
