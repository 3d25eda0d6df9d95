import { startDevice } from "latchkey/testing";
import { expect, test } from "vitest";
import { app } from "../src/app.ts";
import { isDark } from "../src/is-dark.ts";

test("it is dark below the threshold only", () => {
  expect([isDark(0), isDark(19_999), isDark(20_000), isDark(65_535)]).toEqual([true, true, false, false]);
});

test("the owner switches the lamp on", async () => {
  const device = await startDevice(app);
  await device.call("setLamp", { on: true });
  expect(device.pins.get("lamp")).toBe(1);
  expect(await device.call("lamp")).toBe(true);
});
