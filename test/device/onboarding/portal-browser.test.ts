/** The portal in a browser. Needs chromium (see test/system-packages.json). */
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { openPortalUnit } from "./portal-unit.ts";

test("in a browser: choose, type, connect", async () => {
  const unit = await openPortalUnit();
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
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
