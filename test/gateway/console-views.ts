/** Holds every view of a console to axe and to the window's width: in light, and in dark, German and a phone's size. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { until } from "../cloud/broker/linked-unit.ts";
import { axeFaults } from "../web/browser.ts";

/** What makes a page wider than its window, where it is. */
export const TOO_WIDE = `document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => each.tagName + "." + each.className + " " + each.textContent.slice(0, 20))`;

async function expectViewFits(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = "#/${view}"`);
  await page.locator("main h1").waitFor();
  await until("it is loaded", async () => (await page.getByText(/Loading…|Lädt …/).count()) === 0);
  expect(await axeFaults(page), view).toEqual([]);
  expect(await page.evaluate(TOO_WIDE), `${view} is too wide`).toEqual([]);
}

/** @param inGerman What else is looked at in dark, German and a phone's size. */
export async function expectViewsFit(page: Page, views: readonly string[], inGerman = async () => {}): Promise<void> {
  for (const view of views) await expectViewFits(page, view);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.getByLabel("Language").selectOption("de");
  for (const view of views) await expectViewFits(page, view);
  await inGerman();
  await page.getByLabel("Sprache").selectOption("en");
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: "light" });
}
