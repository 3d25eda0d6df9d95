import { createRegisterDevice, startDevice, type TestDevice, tmp105Registers } from "latchkey/testing";
import { beforeEach, expect, test } from "vitest";
import { app } from "../src/app.ts";

const BUS = "i2c sda scl";
const BOARD = { pins: {}, io: { i2c: [{ data: "sda", clock: "scl", number: 0 }] } } as const;
const MINUTE_MS = 60_000;

let unit: TestDevice;
const setTemperature = (celsius: number) =>
  unit.hardware.attachI2c(BUS, 0x48, createRegisterDevice(tmp105Registers(celsius)));

/** The sensor's values, asked for right after a press of its button has woken it. */
async function shown(...names: readonly string[]): Promise<readonly unknown[]> {
  await unit.press(100);
  const values = [];
  for (const name of names) values.push(await unit.call(name));
  return values;
}

beforeEach(async () => {
  unit = await startDevice(app, {
    board: BOARD,
    prepare: (hardware) => hardware.attachI2c(BUS, 0x48, createRegisterDevice(tmp105Registers(20))),
  });
});

test("it measures, and sleeps a second later", async () => {
  expect(await unit.call("temperature")).toBe(20);
  await unit.advance(5_000);
  expect(unit.isAsleep).toBe(true);
  await expect(unit.call("temperature")).rejects.toThrow("SESSION_ASLEEP");
});

test("it wakes every quarter of an hour and remembers what it measured", async () => {
  await unit.advance(MINUTE_MS);
  setTemperature(28.5);
  await unit.advance(15 * MINUTE_MS);
  setTemperature(11.25);
  await unit.advance(15 * MINUTE_MS);
  setTemperature(17);
  expect(await shown("wakes", "readings", "temperature", "lowest", "highest")).toEqual([4, 4, 17, 11.25, 28.5]);
});

test("a changed interval counts from now on", async () => {
  await unit.set("everyMinutes", 60);
  await unit.advance(59 * MINUTE_MS);
  expect(unit.isAsleep).toBe(true);
  await unit.advance(2 * MINUTE_MS);
  expect(await shown("wakes")).toEqual([3]);
});

test("a power cut forgets what it measured, and keeps its settings", async () => {
  await unit.set("everyMinutes", 60);
  await unit.advance(MINUTE_MS);
  await unit.powerCut();
  expect([await unit.call("wakes"), await unit.call("everyMinutes")]).toEqual([1, 60]);
});

test("a thermometer that fails does not keep it awake", async () => {
  await unit.advance(MINUTE_MS);
  unit.hardware.attachI2c(BUS, 0x48, undefined);
  await unit.advance(15 * MINUTE_MS);
  expect(unit.failures).toHaveLength(1);
  expect(unit.isAsleep).toBe(true);
});
