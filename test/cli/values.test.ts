/** Values on the command line: what is understood, and the one line about what is not. */
import { describe, expect, it } from "vitest";
import { futureSOf, momentSOf } from "#cli/values/date.ts";
import { durationMsOf, durationSOf, textOf } from "#cli/values/duration.ts";
import { hoursOf, hoursText, weekdaysOf } from "#cli/values/hours.ts";
import { deviceIdOf, keyNumberOf, publicKeyValue } from "#cli/values/identifier.ts";
import { listOf } from "#cli/values/list.ts";
import { countOf, decimalOf, percentageOf, portOf } from "#cli/values/number.ts";
import { ValueError } from "#cli/values/value-error.ts";

type Read = (option: string, text: string) => unknown;

function lineOf(read: Read, text: string): string {
  try {
    return `taken: ${String(read("--it", text))}`;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return error.message;
  }
}

const REFUSED: readonly (readonly [what: string, read: Read, texts: readonly string[]])[] = [
  ["counts", countOf, ["", "-1", "1.5", "1e3", "0x10", " 1", "one", "4294967296", "9".repeat(16)]],
  ["decimals", decimalOf, ["", ".", "1.", "1,5", "NaN", "Infinity", "--1", "1e9"]],
  ["ports", portOf, ["0", "65536", "http", "-80", ""]],
  ["percentages", percentageOf, ["101", "-1", "100.1%", "%", "all"]],
  ["durations", durationMsOf, ["", "2 weeks", "10", "-5m", "0s", "5 m", "1h30m", "5y", "NaNs", "999999999d", "1e3s"]],
  ["whole seconds", durationSOf, ["500ms", "1.5s", "0.1ms"]],
  [
    "moments",
    momentSOf,
    ["", "tomorrow", "2026-02-30", "2026-13-01", "2026-11-31", "2026-11-29T12:00", "2026-11-29T25:00Z", "29.11.2026"],
  ],
  ["more moments", momentSOf, ["2026-11-29T12:00+15:00", "2026-11-29T12:60Z", "1795435200", "-30d", "2026-1-1"]],
  ["moments to come", futureSOf, ["2001-01-01", "2020-05-05T12:00Z"]],
  [
    "hours",
    (option, text) => hoursText(hoursOf(option, text)),
    ["48", "2 weeks", "8-18", "08:00", "25:00-26:00", "08:60-09:00", "08:00-08:00", "08:00-18:00@", "08:00-24:01"],
  ],
  [
    "more hours",
    (option, text) => hoursText(hoursOf(option, text)),
    ["08:00-18:00@monday", "08:00-18:00@mon-", "08:00-18:00+25:00", "08:00-18:00 mon-fri", "08:00-18:00@mon-tue-wed"],
  ],
  ["weekdays", weekdaysOf, ["", "mo", "mon-xyz", "mon,,tue"]],
  ["device IDs", deviceIdOf, ["", "0123", "g".repeat(24), "0".repeat(25)]],
  ["numbers of keys", keyNumberOf, ["", "Anna", "0".repeat(15)]],
  ["public keys", publicKeyValue, ["", "0".repeat(64), "zz", "a".repeat(63)]],
  ["lists", listOf, ["", "a,,b", "a,b,a", ","]],
];

describe.each(REFUSED)("%s", (_, read, texts) => {
  it.each(texts.map((text) => [text]))("refuse %j in one line that names option and value", (text) => {
    const line = lineOf(read, text);
    expect(line).toMatch(/^--it/);
    expect(line).not.toMatch(/\n|undefined|NaN(?!s?")/);
    expect(line.includes(text)).toBe(true);
  });
});

it("what people write is understood", () => {
  expect(durationMsOf("--it", "1.5h")).toBe(5_400_000);
  expect(["500ms", "90s", "15m", "2h", "30d", "2w"].map((text) => textOf(durationMsOf("--it", text)))).toEqual([
    ...["500ms", "90s", "15m", "2h", "30d", "2w"],
  ]);
  expect(momentSOf("--it", "2031-05-01")).toBe(Date.UTC(2031, 4, 1) / 1_000);
  expect(momentSOf("--it", "2031-05-01T12:00+02:00")).toBe(Date.UTC(2031, 4, 1, 10) / 1_000);
  // Beyond 2038, 2056 and 2106.
  expect(momentSOf("--it", "2120-02-29")).toBe(Date.UTC(2120, 1, 29) / 1_000);
  const inTwoDays = futureSOf("--it", "2d") - Date.now() / 1_000;
  expect(Math.abs(inTwoDays - 172_800)).toBeLessThan(60);
  expect(hoursText(hoursOf("--it", "18:00-22:00@mon-fri+local"))).toBe("18:00-22:00 mon-fri, the unit's time");
  expect(hoursText(hoursOf("--it", "22:00-06:00@sat,sun-03:30"))).toBe("22:00-06:00 sat,sun, UTC-03:30");
  expect(hoursText(hoursOf("--it", "00:00-24:00Z"))).toBe("00:00-24:00 every day, UTC");
  expect(weekdaysOf("--it", "sat-mon")).toBe(0b1100001);
  expect([countOf("--it", "255"), portOf("--it", "8883"), percentageOf("--it", "12.5%")]).toEqual([255, 8883, 12.5]);
  expect(decimalOf("--it", "-3.5")).toBe(-3.5);
  expect(listOf("--it", "setLamp, light")).toEqual(["setLamp", "light"]);
});
