/** Scopes with hours: when they allow something, and that nothing wider comes out of them. */
import { expect, it } from "vitest";
import { arrivalOf } from "#gateway/http/arrival.ts";
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

it("for the gateway's own network give nothing elsewhere, and nothing wider comes out of them", () => {
  const use = (scope: string, arrival?: "lan" | "elsewhere") =>
    allows(
      readScope(scope),
      { device: DEVICE, right: "call", name: "setLamp", ...(arrival && { arrival }) },
      at("12:00"),
    );
  expect([use("noFlash/lan", "lan"), use("noFlash/lan", "elsewhere"), use("noFlash/lan")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([use("noFlash/1300-1400/lan", "lan"), use("noFlash/lan use:setLamp", "elsewhere")]).toEqual([false, true]);
  expect([narrows("noFlash", "noFlash/lan"), narrows("noFlash/lan", `use:a@${DEVICE}/0800-0900/lan`)]).toEqual([
    true,
    true,
  ]);
  expect([narrows("noFlash/lan", "noFlash"), narrows("all/lan", "use:a/0800-0900")]).toEqual([false, false]);
});

it.each([
  ["127.0.0.1", "lan"],
  ["192.168.1.20", "lan"],
  ["::ffff:10.1.2.3", "lan"],
  ["fe80::1%eth0", "lan"],
  ["fd12::1", "lan"],
  ["8.8.8.8", "elsewhere"],
  ["::ffff:8.8.8.8", "elsewhere"],
  ["172.32.0.1", "elsewhere"],
  ["2001:4860:4860::8888", "elsewhere"],
  [undefined, "elsewhere"],
])("a caller at %s is %s", (address, arrival) => {
  expect(arrivalOf(address, true)).toBe(arrival);
  expect(arrivalOf(address, false)).toBe("elsewhere");
});

it("are written as they are read, and what is none gives nothing", () => {
  for (const word of [
    "all",
    `noFlash@${DEVICE}/0800-1800`,
    "use:setLamp/2200-0615",
    `use:a@${DEVICE}`,
    "all/lan",
    `use:a@${DEVICE}/0800-0900/lan`,
  ]) {
    const read = readCapability(word);
    expect(read && writeCapability(read)).toBe(word);
  }
  for (const word of [
    "noFlash/2400-0100",
    "noFlash/0860-0900",
    "noFlash/0800",
    "noFlash/0800-0800",
    "/0800-0900",
    "noFlash/lan/0800-0900",
    "noFlash/LAN",
  ]) {
    expect([word, readCapability(word)]).toEqual([word, undefined]);
  }
});
