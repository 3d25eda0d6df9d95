/** All components in a real browser: axe in both colour schemes and languages, and the keyboard alone. Needs chromium. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFaults, complaintsOf, openBrowser, servePage } from "./browser.ts";

let browser: Browser;
let page: Page;
let site: Awaited<ReturnType<typeof servePage>>;
let complaints: readonly string[];

beforeAll(async () => {
  site = await servePage("gallery");
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en" });
  complaints = complaintsOf(page);
  await page.goto(site.url);
});

afterAll(async () => {
  await browser?.close();
  site?.close();
});

test("axe finds nothing wrong, in light and dark and on a phone", async () => {
  expect(await axeFaults(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await axeFaults(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await axeFaults(page)).toEqual([]);
  const isTooWide = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;
  expect(await page.evaluate(isTooWide)).toBe(false);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
});

test("a form says what is wrong with a value, goes there, and shows the answer", async () => {
  const form = page.locator('[data-function="water"]');
  await form.getByLabel(/^Litres/).fill("0,3");
  await form.getByLabel(/^Pattern/).fill("0a f");
  await form.getByRole("button", { name: "Run" }).press("Enter");
  expect(await form.locator(".problem").allTextContents()).toEqual([
    "Enter 0.5 or more",
    "Enter pairs of hexadecimal digits",
  ]);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"))).toBe("true");
  expect(await axeFaults(page)).toEqual([]);
  await page.keyboard.press("Control+A");
  await page.keyboard.type("1,5");
  await form.getByLabel(/^Pattern/).fill("0a ff");
  await form.getByRole("slider").press("ArrowRight");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => form.locator("output").textContent()).toBe("Answer: 3 l");
  expect(await form.locator(".problem").count()).toBe(0);
});

test("settings are saved when they were changed, a wrong one is named, and a refusal is told", async () => {
  const form = page.getByRole("form", { name: "Settings made from a description" });
  const save = form.getByRole("button", { name: "Save" });
  const target = form.getByRole("textbox", { name: /^Target/ });
  expect(await save.isDisabled()).toBe(true);
  await target.fill("41");
  await save.press("Enter");
  expect(await form.locator(".problem").allTextContents()).toEqual(["Enter 40 or less"]);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"))).toBe("true");
  await target.fill("21,5");
  await target.press("Enter");
  await expect.poll(() => form.locator("output").textContent()).toBe("Saved");
  expect([await target.inputValue(), await save.isDisabled()]).toEqual(["21.5", true]);
  await form.getByLabel("Mode").selectOption("closed");
  await save.press("Enter");
  await expect.poll(() => form.locator("output").textContent()).toBe("refused");
  expect(await axeFaults(page)).toEqual([]);
});

test("switches, tabs, a held button and the dialog work by keyboard", async () => {
  const wifi = page.getByRole("switch", { name: "Wi-Fi" });
  await wifi.press("Space");
  await expect.poll(() => wifi.getAttribute("aria-checked")).toBe("false");

  await page.getByRole("tab", { name: "Log" }).press("ArrowRight");
  await expect.poll(() => page.getByRole("tabpanel").textContent()).toBe("pressed");
  await page.keyboard.press("End");
  await expect.poll(() => page.getByRole("tab", { name: "Time" }).getAttribute("aria-selected")).toBe("true");

  const held = page.getByRole("button", { name: "Hold me" });
  await held.focus();
  await page.keyboard.down("Space");
  await expect.poll(() => held.getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.up("Space");
  await expect.poll(() => held.getAttribute("aria-pressed")).toBe("false");
  await expect.poll(() => page.locator("#held").textContent()).toBe("1");

  const opens = page.getByRole("button", { name: "Open the dialog" });
  await opens.press("Enter");
  await page.getByRole("dialog", { name: "Erase the unit" }).waitFor({ state: "visible" });
  expect(await axeFaults(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  expect(await opens.evaluate((button) => button === document.activeElement)).toBe(true);
});

test("trouble stays until somebody closes it", async () => {
  await page.getByRole("button", { name: "Report trouble" }).press("Enter");
  const toast = page.locator(".toast", { hasText: "Report trouble" });
  await expect.poll(() => toast.count()).toBe(1);
  await toast.getByRole("button", { name: "Close" }).press("Enter");
  await expect.poll(() => toast.count()).toBe(0);
});

test("the page speaks German, with the app's own texts", async () => {
  await page.getByLabel("Language").selectOption("de");
  expect(await page.locator("h1").textContent()).toBe("Bausteine");
  expect(await page.locator('[data-function="water"] h3').textContent()).toBe("Beete gießen");
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  expect(await axeFaults(page)).toEqual([]);
  expect(complaints).toEqual([]);
});
