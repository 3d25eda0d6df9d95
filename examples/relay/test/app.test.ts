import { startDevice, type TestDevice } from "latchkey/testing";
import { beforeEach, expect, test } from "vitest";
import { app } from "../src/app.ts";

const MINUTE_MS = 60_000;
/** 06:59 in Berlin on a day in winter. */
const MORNING_S = Date.UTC(2027, 0, 5, 5, 59) / 1_000;

let unit: TestDevice;
const relay = () => unit.hardware.value("digital relay");

beforeEach(async () => {
  unit = await startDevice(app, { board: { pins: { relay: "output" } } });
  await unit.setZone("CET-1CEST,M3.5.0,M10.5.0/3");
});

test("the relay follows the schedule, day after day", async () => {
  await unit.setTime(MORNING_S);
  expect(relay()).toBe(0);
  await unit.advance(2 * MINUTE_MS);
  expect(relay()).toBe(1);
  await unit.advance(16 * 60 * MINUTE_MS);
  expect(relay()).toBe(0);
  await unit.advance(8 * 60 * MINUTE_MS);
  expect(relay()).toBe(1);
  expect(unit.raised.map(({ value }) => value)).toEqual([true, false, true]);
});

test("a changed schedule holds at once", async () => {
  await unit.setTime(MORNING_S);
  await unit.set("onAt", 7 * 60 + 10);
  await unit.advance(5 * MINUTE_MS);
  expect(relay()).toBe(0);
  await unit.advance(7 * MINUTE_MS);
  expect(relay()).toBe(1);
});

test("what was switched by hand stays so over a power cut", async () => {
  await unit.call("setRelay", { on: true });
  await unit.advance(MINUTE_MS);
  unit.hardware.setOutput("digital relay", 0);
  await unit.powerCut();
  expect([relay(), await unit.call("relay")]).toEqual([1, true]);
});
