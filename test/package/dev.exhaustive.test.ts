/** `latchkey dev` of an installed package, on the greenhouse that it starts: the page in a real browser, on both kinds of boards. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../progress.ts";
import { axeFaults, complaintsOf, openBrowser } from "../web/browser.ts";
import { type Installed, installPackage } from "./installed.ts";

let maker: Installed;
let browser: Browser;
const running: ChildProcess[] = [];
beforeAll(async () => {
  maker = installPackage();
  const made = maker.latchkey("new", "greenhouse");
  expect([made.status, made.stderr]).toEqual([0, ""]);
  browser = await openBrowser();
});
afterAll(async () => {
  for (const child of running) child.kill("SIGINT");
  await browser?.close();
  maker?.close();
});

test("the package brings its pages built, without their sources", () => {
  const folder = join(maker.folder, "node_modules/latchkey");
  expect(readdirSync(join(folder, "dist/pages")).sort()).toEqual(["console.css", "console.js", "dev.css", "dev.js"]);
  expect(
    (readdirSync(folder, { recursive: true }) as string[]).filter((path) => /\.(tsx|css)$/.test(path)).sort(),
  ).toEqual([join("dist", "pages", "console.css"), join("dist", "pages", "dev.css")]);
});

test.each(["sim", "qemu-mps2"])(
  "on %s the vent follows a thermometer that is warmed on the page, and a saved file runs",
  async (board) => {
    const folder = join(maker.folder, "greenhouse");
    const bin = join(maker.folder, "node_modules/latchkey/bin/latchkey.mjs");
    const child = spawn(process.execPath, [bin, "dev", "--board", board, "--json"], {
      ...{ cwd: folder, env: { ...maker.env, PATH: process.env.PATH ?? "" }, stdio: ["ignore", "pipe", "pipe"] },
    });
    running.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
    const url = await until("the page's address", () => {
      if (child.exitCode !== null) throw new Error(`latchkey dev ended: ${said}`);
      return /"url":"([^"]+)"/.exec(said)?.[1];
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en" });
    page.setDefaultTimeout(300_000);
    const complaints = complaintsOf(page);
    const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 300_000 });
    await page.goto(url);
    await page.locator('[data-function="air"]').waitFor();
    expect(await axeFaults(page)).toEqual([]);
    const bus = page.locator('[data-signal="i2c sda scl"]');
    if ((await bus.getByRole("switch").getAttribute("aria-checked")) === "false")
      await bus.getByRole("switch").press("Space");
    await bus.getByRole("textbox").fill("40");
    await eventually(() => page.locator('[data-item="temperature"] .numbers').textContent()).toBe("40 °C");
    await page.locator('[data-function="air"]').getByRole("textbox").fill("5");
    await page.locator('[data-function="air"]').getByRole("button").press("Enter");
    await eventually(() => page.locator('[data-item="vent"] .numbers').textContent()).toBe("100 %");
    const starts = async () => Number(await page.locator("[data-starts]").getAttribute("data-starts"));
    const before = await starts();
    const app = join(folder, "src/app.ts");
    const text = readFileSync(app, "utf8");
    writeFileSync(app, text.replace('title: "Temperature"', 'title: "Warmth"'));
    await eventually(starts).toBeGreaterThan(before);
    await eventually(() => page.locator('[data-item="temperature"]').textContent()).toContain("Warmth");
    writeFileSync(app, text);
    expect(complaints).toEqual([]);
    await page.close();
    child.kill("SIGINT");
  },
);
