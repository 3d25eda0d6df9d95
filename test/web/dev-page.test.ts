/** The loop of development in a real browser: an app runs, is called, changed, broken and mended. Needs chromium. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { until } from "../progress.ts";
import { axeFaults, complaintsOf, openBrowser } from "./browser.ts";
import { APP, type DevProcess, lineOf, secretsOf, startDev } from "./dev-process.ts";

let dev: DevProcess;
let browser: Browser;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  dev = await startDev();
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en" });
  complaints = complaintsOf(page);
  await page.goto(dev.url);
});

afterAll(async () => {
  await browser?.close();
  await dev?.stop();
});

const starts = async () => Number(await page.locator("[data-starts]").getAttribute("data-starts"));
const startedAfter = async (before: number) => {
  await expect.poll(starts).toBeGreaterThan(before);
  await page.locator('[data-phase="running"]').waitFor();
};
const variable = (name: string) => page.locator(`[data-item="${name}"] .numbers`).textContent();
/** What the unit remembers: everything that it was given and learned. */
const remembered = () => {
  const { start, bytes } = readBoard("sim").flash.regions.settings;
  return readFileSync(join(dev.unitFolder, "unit.flash"))
    .subarray(start, start + bytes)
    .toString("hex");
};

test("a function's form switches a pin, by keyboard, and the page passes axe", async () => {
  await page.locator('[data-phase="running"]').waitFor();
  const form = page.locator('[data-function="setLamp"]');
  // Before the session is open it takes no key.
  await expect.poll(() => form.getByRole("switch", { name: "On" }).isEnabled()).toBe(true);
  await form.getByRole("switch", { name: "On" }).press("Space");
  await form.getByRole("button", { name: "Run: Switch the lamp" }).press("Enter");
  await expect.poll(() => form.locator("output").textContent()).toBe("Answer: bright");
  await expect.poll(() => page.locator('[data-signal="digital lamp"] .badge').textContent()).toBe("on");
  await expect.poll(() => variable("lamp")).toBe("on");
  expect(await axeFaults(page)).toEqual([]);
});

test("a setting is changed in its form, and stays over a restart", async () => {
  const form = page.getByRole("form", { name: "Settings" });
  const field = form.getByRole("textbox", { name: "Level" });
  await expect.poll(() => field.inputValue()).toBe("3");
  await field.fill("7");
  await field.press("Enter");
  await expect.poll(() => form.locator("output").textContent()).toBe("Saved");
  const before = await starts();
  await page.getByRole("button", { name: "Start again" }).press("Enter");
  await startedAfter(before);
  await expect.poll(() => field.isEnabled()).toBe(true);
  await expect.poll(() => field.inputValue()).toBe("7");
});

test("a level is set on the page and read by the app", async () => {
  await page.getByRole("textbox", { name: "light" }).fill("512");
  await expect.poll(() => variable("light")).toBe("512 lx");
});

test("the history that the unit keeps is a chart, which goes on with what is new", async () => {
  const kept = page.locator("[data-history]");
  const label = /^Light, kept by the unit: \d+ values, one every 1 s: 512 lx now, between \d+ lx and 512 lx$/;
  await expect.poll(() => kept.getByRole("img").getAttribute("aria-label")).toMatch(label);
  const count = async () => Number(await kept.getAttribute("data-history"));
  const before = await count();
  await expect.poll(count).toBeGreaterThan(before + 1);
  expect(await axeFaults(page)).toEqual([]);
});

test("the button is held for as long as the space bar is", async () => {
  const button = page.getByRole("button", { name: "Press and hold" });
  await button.focus();
  await page.keyboard.down("Space");
  await expect.poll(() => button.getAttribute("aria-pressed")).toBe("true");
  await page.waitForTimeout(300);
  await page.keyboard.up("Space");
  await page.getByRole("tab", { name: "Events" }).click();
  await expect
    .poll(() =>
      page
        .locator("tbody td")
        .allTextContents()
        .then((cells) => Number((cells[2] ?? "").replaceAll(/\D/g, ""))),
    )
    .toBeGreaterThanOrEqual(250);
});

test("a saved file starts the app again, and the unit remembers what it did", async () => {
  const [before, memory] = [await starts(), remembered()];
  dev.save(APP.replace('"hello"', '"good evening"'));
  await startedAfter(before);
  await expect.poll(() => variable("greeting")).toBe("good evening");
  expect(remembered()).toBe(memory);
});

test("an error of the build and a thrown one appear with the maker's file and line", async () => {
  const before = await starts();
  dev.save(APP.replace('const greeting = "hello";', 'const greeting = "hello;'));
  const place = page.locator("[data-place]");
  await expect.poll(() => place.textContent()).toMatch(new RegExp(`app\\.ts:${lineOf("const greeting")}:\\d+$`));
  expect(await page.locator(".notice.bad strong").textContent()).toBe("The app does not build");
  // What ran before still does.
  expect(await variable("greeting")).toBe("good evening");

  dev.save(APP);
  await startedAfter(before);
  await expect.poll(() => place.count()).toBe(0);
  await page.locator('[data-function="fail"] button').click();
  await expect.poll(() => place.textContent()).toMatch(new RegExp(`app\\.ts:${lineOf("the valve is stuck")}:\\d+$`));
  expect(await page.locator(".notice.bad pre").first().textContent()).toContain("the valve is stuck");
});

test("what fails later and unheard, in a timer and in a promise, has its line too", async () => {
  const start = `  start: () => {
    setTimeout(() => {
      throw new Error("too late");
    }, 100);
    void (async () => {
      await null;
      throw new Error("unheard");
    })();
  },
  variables: {`;
  const [broken, before] = [APP.replace("  variables: {", start), await starts()];
  dev.save(broken);
  await startedAfter(before);
  for (const said of ["too late", "unheard"]) {
    const line = broken.split("\n").findIndex((each) => each.includes(said)) + 1;
    const notice = page.locator(".notice.bad", { hasText: said });
    await expect.poll(() => notice.locator("[data-place]").textContent()).toMatch(new RegExp(`app\\.ts:${line}:\\d+$`));
  }
  const failing = await starts();
  dev.save(APP);
  await startedAfter(failing);
  await expect.poll(() => page.locator("[data-place]").count()).toBe(0);
});

test("an answer that does not fit its schema is told with the file and line of the function", async () => {
  await page.locator('[data-function="wrong"] button').click();
  const notice = page.locator(".notice.bad", { hasText: "The app did what a unit does not take" });
  await notice.waitFor();
  expect(await notice.locator("pre").first().textContent()).toContain("wrong: its answer is outside its schema (int)");
  expect(await notice.locator("[data-place]").textContent()).toMatch(
    new RegExp(`app\\.ts:${lineOf("    wrong: {")}:5$`),
  );
});

test("a wrong type is said, though the app runs", async () => {
  dev.save(APP.replace('io.pin("lamp").write', 'io.pin("lmap").write'));
  await expect.poll(() => page.locator(".notice.warn").textContent()).toContain("lmap");
  const before = await starts();
  dev.save(APP);
  await startedAfter(before);
  await expect.poll(() => page.locator(".notice.warn").count()).toBe(0);
});

test("an expression is evaluated within the unit, from the terminal as from the page", async () => {
  const repl = startProgram("src/cli/main.ts", [
    "repl",
    "--config",
    join(dev.unitFolder, "../../../flash.config.json"),
  ]);
  const said: string[] = [];
  repl.onLine((line) => said.push(line));
  repl.write('const seven = 3 + 4\nseven * 6\ncall("setLamp", { on: true })\nio.pin("lamp").read()\nnosuch\n');
  await until("the error", () => /ReferenceError.*nosuch/.test(repl.errors()) || undefined);
  expect(said).toEqual(["7", "42", '"bright"', "1"]);
  await repl.stop();
  await page.getByRole("tab", { name: "Console" }).click();
  await page.getByLabel("Expression").fill("[seven, new Map([['a', 'b']])]");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("output pre").textContent()).toContain('[7, { a: "b" }]');
});

test("a second latchkey dev for the same unit is refused in one line", async () => {
  const second = startProgram("src/cli/main.ts", [
    "dev",
    "--config",
    join(dev.unitFolder, "../../../flash.config.json"),
  ]);
  expect(await second.exited).toBe(1);
  expect(second.errors()).toMatch(/^latchkey: latchkey dev runs .* already \(process \d+\); end it first/);
});

test("only its own page with its token is served", async () => {
  const { port, origin } = new URL(dev.url);
  const ask = (path: string, headers: Record<string, string>, body = '{"isOn":false}') =>
    fetch(`${origin}${path}`, { method: "POST", headers, body }).then(({ status }) => status);
  const authorization = `Bearer ${dev.token}`;
  const json = { "content-type": "application/json" };
  expect(await ask("/api/power", json)).toBe(401);
  expect(await ask("/api/power", { ...json, authorization: `Bearer ${dev.token.slice(1)}` })).toBe(401);
  expect(await ask("/api/power", { ...json, authorization, origin: "https://evil.example" })).toBe(403);
  expect(await ask("/api/power", { "content-type": "text/plain", authorization })).toBe(415);
  expect(await ask("/api/power", { ...json, authorization }, '{"isOn":1}')).toBe(400);
  expect(await ask("/api/power", { ...json, authorization }, `{"isOn":${" ".repeat(20_000)}false}`)).toBe(413);
  // A name of somebody else's that leads here.
  const { get } = await import("node:http");
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/", headers: { host: `rebound.example:${port}` } }, ({ statusCode }) =>
      resolve(statusCode),
    ).on("error", reject);
  });
  expect(rebound).toBe(421);
  expect(await page.getByRole("switch", { name: "Power" }).getAttribute("aria-checked")).toBe("true");
});

test("neither the page nor what is streamed to it holds a secret", async () => {
  const shown = await page.evaluate(() => document.documentElement.outerHTML + location.href + document.title);
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${dev.token}` };
  const { body } = await fetch(`${new URL(dev.url).origin}/api/stream`, { headers, signal: stop.signal });
  let streamed = "";
  for await (const bytes of body ?? []) {
    streamed += Buffer.from(bytes as Uint8Array).toString();
    if (streamed.includes("event: sample")) break;
  }
  stop.abort();
  const secrets = secretsOf(dev);
  expect(secrets.length).toBeGreaterThanOrEqual(5);
  const all = shown + streamed + dev.child.errors();
  expect([...secrets, dev.token].filter((secret) => secret === "" || all.includes(secret))).toEqual([]);
  expect(complaints).toEqual([]);
});
