/** Scopes with hours: when they allow something, and that nothing wider comes out of them. */
import { expect, it } from "vitest";
import { allows, covers, readCapability, readScope, writeCapability } from "#gateway/oauth/capability.ts";

const DEVICE = "0123456789abcdef01234567";
const at = (time: string) => Date.parse(`2031-05-06T${time}:00Z`);
const may = (scope: string, time: string) =>
  allows(readScope(scope), { device: DEVICE, right: "call", name: "setLamp" }, at(time));
const narrows = (held: string, wanted: string) => covers(readScope(held), readCapability(wanted) ?? { level: "all" });

it("allow within their hours of each day, past midnight too", () => {
  const day = ["07:59", "08:00", "17:59", "18:00"].map((time) => may(`noFlash@${DEVICE}/0800-1800`, time));
  expect(day).toEqual([false, true, true, false]);
  const night = ["21:59", "22:00", "00:00", "05:59", "06:00"].map((time) => may("use:setLamp/2200-0600", time));
  expect(night).toEqual([false, true, true, true, false]);
  expect(may("use:setLamp/0800-0900 noFlash/1000-1100", "10:30")).toBe(true);
});

it("are narrowed and never widened", () => {
  expect(narrows("all", "noFlash/0800-1800")).toBe(true);
  expect(narrows("noFlash/0800-1800", `use:setLamp@${DEVICE}/0900-1000`)).toBe(true);
  expect(narrows("noFlash/0800-1800", "noFlash/0800-1800")).toBe(true);
  expect(narrows("noFlash/2200-0600", "noFlash/2300-0100")).toBe(true);
  for (const wider of ["noFlash", "noFlash/0759-1800", "noFlash/0800-1801", "noFlash/1800-0800", "noFlash/1700-0900"]) {
    expect([wider, narrows("noFlash/0800-1800", wider)]).toEqual([wider, false]);
  }
  expect(narrows("noFlash/2200-0600", "noFlash/0500-2300")).toBe(false);
});

it("are written as they are read, and what is none gives nothing", () => {
  for (const word of ["all", `noFlash@${DEVICE}/0800-1800`, "use:setLamp/2200-0615", `use:a@${DEVICE}`]) {
    const read = readCapability(word);
    expect(read && writeCapability(read)).toBe(word);
  }
  for (const word of ["noFlash/2400-0100", "noFlash/0860-0900", "noFlash/0800", "noFlash/0800-0800", "/0800-0900"]) {
    expect([word, readCapability(word)]).toEqual([word, undefined]);
  }
});
