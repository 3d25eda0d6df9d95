import { createRegisterDevice, startDevice, type TestDevice, tmp105Registers } from "latchkey/testing";
import { beforeEach, expect, test } from "vitest";
import { app } from "./app.ts";

const BUS = "i2c sda scl";
const BOARD = {
  pins: {},
  io: {
    pwm: [{ pin: "vent", bits: 10, number: 0 }],
    analog: [{ pin: "soil", bits: 12, number: 0 }],
    i2c: [{ data: "sda", clock: "scl", number: 0 }],
  },
} as const;
const MINUTE_MS = 60_000;
/** 19:59 in Berlin on a day in summer. */
const EVENING_S = Date.UTC(2027, 6, 1, 17, 59) / 1_000;

let unit: TestDevice;
const setTemperature = (celsius: number) =>
  unit.hardware.attachI2c(BUS, 0x48, createRegisterDevice(tmp105Registers(celsius)));
/** A share of what the input can show: 0.75 in dry air, 0.35 in water. */
const setSoil = (share: number) => unit.hardware.setValue("analog soil", Math.round(share * 4_095));
const vent = () => unit.hardware.value("pwm vent") / 1_023;

beforeEach(async () => {
  unit = await startDevice(app, {
    board: BOARD,
    prepare: (hardware) => hardware.attachI2c(BUS, 0x48, createRegisterDevice(tmp105Registers(20))),
  });
  await unit.advance(1);
});

test("the vent opens above the target, further the warmer it is, within a minute", async () => {
  expect(vent()).toBe(0);
  for (const [celsius, open] of [
    [26.5, 0.5],
    [35, 1],
    [23, 0],
  ] as const) {
    setTemperature(celsius);
    await unit.advance(MINUTE_MS);
    expect(vent()).toBeCloseTo(open, 2);
  }
  expect(await unit.call("temperature")).toBe(23);
});

test("the target that somebody set is the target after a power cut", async () => {
  setTemperature(20);
  await unit.call("setTarget", { celsius: 15 });
  await unit.advance(1);
  expect(vent()).toBe(1);
  await unit.powerCut();
  expect(await unit.call("target")).toBe(15);
  await unit.advance(1);
  expect(vent()).toBe(1);
});

test("in the evening, and only then, dry soil raises an alarm", async () => {
  await unit.setZone("CET-1CEST,M3.5.0,M10.5.0/3");
  await unit.setTime(EVENING_S);
  setSoil(0.65);
  expect(await unit.call("moisture")).toBe(25);
  await unit.advance(2 * MINUTE_MS);
  expect(unit.raised).toEqual([{ name: "dry", value: 25 }]);
  await unit.set("dryBelow", 20);
  await unit.advance(24 * 60 * MINUTE_MS);
  expect(unit.raised).toHaveLength(1);
});

test("a greenhouse that starts without its thermometer can be called, and finds it later", async () => {
  unit.hardware.attachI2c(BUS, 0x48, undefined);
  await unit.powerCut();
  await unit.advance(1);
  expect(unit.failures).toHaveLength(1);
  expect(await unit.call("target")).toBe(24);
  setTemperature(30);
  await unit.advance(MINUTE_MS);
  expect(vent()).toBe(1);
});

test("without its thermometer the rest goes on, and the vent follows again once it is back", async () => {
  unit.hardware.attachI2c(BUS, 0x48, undefined);
  await unit.advance(MINUTE_MS);
  expect(unit.failures.map(({ message }) => message)).toEqual([
    expect.stringContaining("nothing answers at I2C address 0x48"),
  ]);
  expect(await unit.call("target")).toBe(24);
  setTemperature(30);
  await unit.advance(MINUTE_MS);
  expect(vent()).toBe(1);
});
