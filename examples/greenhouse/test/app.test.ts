import { createRegisterDevice, type I2cDevice, startDevice, type TestDevice, tmp105Registers } from "latchkey/testing";
import { beforeEach, expect, test } from "vitest";
import { app } from "../src/app.ts";

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

test("the day's temperatures are kept, a value every ten minutes", async () => {
  for (const celsius of [20, 21, 22]) {
    setTemperature(celsius);
    await unit.advance(10 * MINUTE_MS);
  }
  expect((await unit.history("temperature")).slice(-3)).toEqual([20, 21, 22]);
});

test("a target holds at once, and after a power cut", async () => {
  await unit.set("target", 15);
  expect(vent()).toBe(1);
  await unit.powerCut();
  expect(await unit.call("target")).toBe(15);
  await unit.advance(1);
  expect(vent()).toBe(1);
  await expect(unit.set("target", 60)).rejects.toMatchObject({ fault: "APP_ARGUMENT" });
});

test("whoever may call it airs the greenhouse for some minutes, and can't change its target", async () => {
  const guest = unit.guest({ rights: { air: ["call"], target: ["read"] } });
  await guest.call("air", { minutes: 10 });
  await unit.advance(9 * MINUTE_MS);
  await guest.call("air", { minutes: 5 });
  await unit.advance(4 * MINUTE_MS);
  expect(vent()).toBe(1);
  await unit.advance(2 * MINUTE_MS);
  expect(vent()).toBe(0);
  await expect(guest.set("target", 10)).rejects.toMatchObject({ fault: "GRANT_RIGHT" });
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

test("without its thermometer the rest goes on, and the vent follows again once it is back", async () => {
  unit.hardware.attachI2c(BUS, 0x48, undefined);
  await unit.advance(MINUTE_MS);
  expect(unit.failures.map(({ message }) => message)).toEqual([
    expect.stringContaining("nothing answers at I2C address 0x48"),
  ]);
  expect(await unit.call("vent")).toBe(0);
  setTemperature(30);
  await unit.advance(MINUTE_MS);
  expect(vent()).toBe(1);
});

/** An SHT3x that measures 25 °C and 50 %, as its data sheet lays the bytes out. */
function sht3x(bytes: readonly number[]): I2cDevice {
  let isMeasured = false;
  return {
    write([high, low]) {
      isMeasured = high === 0x2c && low === 0x06;
      return true;
    },
    read: (byteLength) => Uint8Array.from({ length: byteLength }, (_, i) => (isMeasured ? (bytes[i] ?? 0xff) : 0xff)),
  };
}

test("an SHT3x is taken for the thermometer where it answers, and what was misread is not believed", async () => {
  unit.hardware.attachI2c(BUS, 0x44, sht3x([0x66, 0x66, 0x93, 0x80, 0x00, 0xa2]));
  await unit.powerCut();
  expect(await unit.call("temperature")).toBe(25);
  unit.hardware.attachI2c(BUS, 0x44, sht3x([0x67, 0x66, 0x93, 0x80, 0x00, 0xa2]));
  await expect(unit.call("temperature")).rejects.toMatchObject({ fault: "APP_THREW" });
});
