/** An app that keeps failing at its start is left stopped, and comes back: what counts, and what clears the count. */
import { beforeEach, expect, it } from "vitest";
import { OWN } from "#wire/flash/stored-names.ts";
import { appOf, createOutside, type Outside, startUnit } from "./app-unit.ts";

let outside: Outside;
beforeEach(() => {
  outside = createOutside();
});

const good = appOf({ f: () => 1 });
const bad = appOf(
  { f: () => 1 },
  {
    start: () => {
      throw new Error("no sensor");
    },
  },
);
const start = (app: typeof good, resetReason: string) => startUnit(outside, app, { resetReason });
/** Whether its functions answer. */
const runs = (app: typeof good, resetReason: string) => start(app, resetReason).call("f") === 1;

it("three crashes in a row stop it, with each told to the maker; a power cut tries it once more", () => {
  expect(runs(good, "watchdog")).toBe(true);
  expect(runs(good, "out-of-memory")).toBe(true);
  const unit = start(good, "exception");
  expect(unit.call("f")).toBe("APP_STOPPED");
  unit.link(true);
  expect(outside.reports.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    "run: ended by exception, fault 392",
    "app: fault 399",
  ]);
  expect(runs(good, "fault")).toBe(false);
  expect(runs(good, "power")).toBe(true);
  expect(runs(good, "watchdog")).toBe(false);
});

it("three starts that throw stop it within the third, over power cuts; each further one is stopped at once", () => {
  expect([1, 2, 3, 4].map(() => runs(bad, "power"))).toEqual([true, true, false, false]);
  expect(runs(good, "power")).toBe(true);
});

it("ten good minutes forget bad starts, and less does not", () => {
  start(good, "watchdog").pass(599_000);
  expect(outside.kept.has(OWN.appStarts)).toBe(true);
  start(good, "watchdog").pass(600_000);
  expect(outside.kept.has(OWN.appStarts)).toBe(false);
  expect([1, 2].map(() => runs(good, "watchdog"))).toEqual([true, true]);
});

it("a run that ends as it should was a good one, however short", () => {
  start(good, "watchdog").end();
  expect(outside.kept.has(OWN.appStarts)).toBe(false);
  start(bad, "power").end();
  expect(outside.kept.has(OWN.appStarts)).toBe(true);
});

it("a trial starts the app whatever was before, and its crash is none of the release's that runs afterwards", () => {
  for (let i = 0; i < 3; i++) start(bad, "power");
  expect(() => startUnit(outside, bad, { isTrial: true, resetReason: "update" })).toThrow("no sensor");
  outside.said = "";
  expect(runs(good, "exception")).toBe(true);
  expect(outside.said).not.toContain("ended by");
  expect([1, 2, 3].map(() => runs(good, "exception"))).toEqual([true, true, false]);
});

it("a good start writes nothing to flash", () => {
  start(good, "power").pass(700_000);
  expect(outside.kept.size).toBe(0);
});
