/** The portal in a browser. Needs chromium (see test/system-packages.json). */
import { expect, test } from "vitest";
import { openBrowser } from "../../web/browser.ts";
import { openPortalUnit } from "./portal-unit.ts";

test("in a browser: choose, type, connect", async () => {
  const unit = await openPortalUnit();
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${unit.url}/hotspot-detect.html`);
    await page.selectOption("select", { label: "Café 🔑" });
    await page.fill('input[name="passphrase"]', "correct horse");
    await page.click("button");
    await page.waitForSelector("text=Put your phone back");
    expect(unit.joins()).toEqual([["Café 🔑", "correct horse"]]);
  } finally {
    await browser.close();
    unit.close();
  }
});
