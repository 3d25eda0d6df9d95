import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import type { RolloutStatus } from "#cloud/status/status.ts";
import { SILENCE_MS } from "../../progress.ts";
import { CHROMIUM } from "../../web/browser.ts";
import {
  type CloudProcess,
  enrolmentOf,
  link,
  noise,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "../broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-status-"));
const data = join(folder, "data");
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
/** Every fourth unit's release crashes. */
const units = Array.from({ length: 8 }, (_, i) => testUnit(i, keys, () => (i % 4 === 3 ? "crashes" : "works")));

let cloud: CloudProcess;
let operator: OperatorClient;
let browser: BrowserContext;

beforeAll(async () => {
  cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  operator = testClient(cloud, data);
  await operator.post(
    "/v1/devices",
    units.map((unit) => enrolmentOf(unit, "lamp")),
  );
  await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(20_000)));
  browser = await chromium.launchPersistentContext(join(folder, "browser"), CHROMIUM);
  browser.setDefaultTimeout(SILENCE_MS);
});

afterAll(async () => {
  await browser?.close();
  cloud?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const viewLink = async () => cloud.url + (await operator.post<{ path: string }>("/v1/view-links", {})).path;

describe("the status page in a real browser", () => {
  it("shows waves, versions, failures and their reasons, and follows by itself", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(cloud.url);
    expect(await page.textContent("body")).toContain("latchkey cloud open");
    complaints.length = 0;
    await page.goto(await viewLink());
    await page.waitForURL(`${cloud.url}/`);
    expect(await page.textContent("main")).toContain("No rollout yet");
    const limits = { soakMs: 0, sample: 1_000 };
    const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1, limits });
    const links = await Promise.all(units.map((unit) => link(unit, cloud)));
    // The page is never loaded again by hand: what it shows below it fetched itself.
    await page.waitForSelector(`#${rollout.id} .running`, { timeout: SILENCE_MS });
    await page.waitForSelector("li[aria-current=step]:has-text('100 %')", { timeout: SILENCE_MS });
    await page.waitForSelector(".reasons td:has-text('TRIAL_CRASH')", { timeout: SILENCE_MS });
    await until("all are counted", async () => {
      const cells = await page.$$eval(".tally tr", (rows) => rows.map((row) => row.textContent));
      return cells.includes("confirmed6") && cells.includes("rejected after three crashes2");
    });
    expect(await page.$$eval(".waves li", (items) => items.map((item) => item.textContent))).toEqual([
      "lab",
      "1 %",
      "5 %",
      "25 %",
      "100 %",
    ]);
    const curve = page.locator(`#${rollout.id} path.confirmed`);
    expect(await curve.count()).toBe(1);
    expect((await curve.boundingBox())?.width).toBeGreaterThan(10);
    expect(await page.locator(`#${rollout.id} path.failed`).count()).toBe(1);
    expect(await page.locator("#versions rect").count()).toBe(2);
    await operator.post(`/v1/rollouts/${rollout.id}/halt`, { because: "<b>too many</b> crashes" });
    await page.waitForSelector(`#${rollout.id} .halted`, { timeout: SILENCE_MS });
    expect(await page.textContent(`#${rollout.id}`)).toContain("<b>too many</b> crashes");
    expect(complaints).toEqual([]);
    for (const each of links) each.cut();
  });

  it("says so when the cloud has gone", async () => {
    const page = await browser.newPage();
    await page.goto(cloud.url);
    cloud.child.kill("SIGKILL");
    await page.waitForSelector("#live:has-text('no answer from the cloud')", { timeout: SILENCE_MS });
  });
});
