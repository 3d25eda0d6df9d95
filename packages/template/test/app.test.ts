import { expect, test } from "vitest";
import { app } from "../src/app.ts";
import { isDark } from "../src/is-dark.ts";

test("it is dark below the threshold only", () => {
  expect([isDark(0), isDark(19_999), isDark(20_000), isDark(65_535)]).toEqual([true, true, false, false]);
});

test("the device has what its owner uses", () => {
  expect(Object.keys(app.functions ?? {})).toEqual(["setLamp"]);
  expect(Object.keys(app.variables ?? {})).toEqual(["lamp", "light", "dark"]);
});
