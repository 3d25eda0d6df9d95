/** The loop of development at length, on the simulated board and on real firmware in QEMU. Needs chromium and QEMU. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axeFaults, complaintsOf, openBrowser } from "./browser.ts";
import { APP, type DevProcess, lineOf, secretsOf, startDev } from "./dev-process.ts";

const BOARDS = ["sim", "qemu-mps2"] as const;

/** An app that reads the thermometer and the probe of each board. */
const HARDWARE_APP = APP.replace(
  'import { bool, defineDevice, int, text } from "latchkey/device";',
  'import { Analog, bool, defineDevice, I2C, int, PWM, text } from "latchkey/device";\nlet vent;\n',
)
  .replace(
    "  variables: {\n",
    `  start: () => { vent = new PWM({ pin: "vent" }); vent.write(512); },
  variables: {
    soil: { right: "read", value: int(0, 4_095), read: () => { const probe = new Analog({ pin: "soil" }); const value = probe.read(); probe.close(); return value; } },
    degrees: { right: "read", value: int(-60, 130, { unit: "°C" }), read: () => {
      const bus = new I2C({ data: "sda", clock: "scl", address: 0x48, hz: 100_000 });
      try { bus.write(Uint8Array.of(0)); const bytes = new Uint8Array(bus.read(2)); return (bytes[0] << 24) >> 24; } catch { return -60; } finally { bus.close(); }
    } },
`,
  )
  .replace("let vent;", "let vent: PWM;");

/** Code that fails on the unit and not at the build; `at` is part of the line that is to be named. */
const FAILURES: readonly (readonly [string, { readonly text: string; readonly at: string; readonly said: string }])[] =
  [
    [
      "an error in a timer",
      { text: 'setTimeout(() => {\n  throw new Error("too late");\n}, 200);', at: "too late", said: "too late" },
    ],
    [
      "an async function that nobody waits for",
      {
        text: 'void (async () => {\n  await null;\n  throw new Error("unheard");\n})();',
        ...{ at: "unheard", said: "unheard" },
      },
    ],
    [
      "a promise that is rejected with an error nobody threw",
      { text: 'void Promise.reject(new Error("never thrown"));', at: "never thrown", said: "never thrown" },
    ],
    [
      "more memory than an app has",
      {
        text: "const kept: Uint8Array[] = [];\nsetTimeout(() => {\n  for (;;) kept.push(new Uint8Array(5_000));\n}, 200);",
        ...{ at: "kept.push", said: "APP_MEMORY" },
      },
    ],
    ["a loop without end", { text: "setTimeout(() => { for (;;); }, 200);", at: "for (;;)", said: "APP_OVERDUE" }],
    ["a statement outside of functions", { text: "", at: "JSON.parse", said: "SyntaxError" }],
  ];
/** The trial at the build has no such member. */
const ON_UNIT = `const on = Reflect.get(Reflect.get(globalThis, "native"), "system");
if (on !== undefined)
  JSON.parse("{");
`;
const withFailure = (text: string) =>
  text === ""
    ? HARDWARE_APP.replace(/^(export const app)/m, `${ON_UNIT}$1`)
    : HARDWARE_APP.replace("start: () => {", `start: () => {\n${text}\n`);

test("an app that does not build at the start ends latchkey dev with its file and line", async () => {
  const broken = startDev("sim", APP.replace('"hello"', '"hello'));
  await expect(broken).rejects.toThrow(
    new RegExp(`ended \\(1\\): latchkey: [^.].*app\\.ts:${lineOf("const greeting")}:\\d+: `),
  );
});

describe.each(BOARDS)("latchkey dev on %s", (board) => {
  let dev: DevProcess;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  beforeAll(async () => {
    dev = await startDev(board, HARDWARE_APP);
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "de-AT" });
    complaints = complaintsOf(page);
    await page.goto(dev.url);
    await page.locator('[data-function="setLamp"]').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await dev?.stop();
  });

  const variable = (name: string) => page.locator(`[data-item="${name}"] .numbers`).textContent();
  const signal = (name: string) => page.locator(`[data-signal="${name}"]`);
  const starts = async () => Number(await page.locator("[data-starts]").getAttribute("data-starts"));
  const form = () => page.locator('[data-function="setLamp"]');
  const run = () => form().getByRole("button", { name: /^Ausführen/ });
  const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read);

  test("speaks German with the app's own words, and axe finds nothing wrong in dark and on a phone", async () => {
    expect(await form().locator("h3").textContent()).toBe("Lampe schalten");
    expect(await axeFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await axeFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("a call switches the pin, and its chart says so", async () => {
    // Before the session is open it takes no key.
    await eventually(() => form().getByRole("switch").isEnabled()).toBe(true);
    await form().getByRole("switch").press("Space");
    await run().press("Enter");
    await eventually(() => form().locator("output").textContent()).toBe("Antwort: bright");
    await eventually(() => signal("digital lamp").locator(".badge").textContent()).toBe("an");
    await eventually(() => signal("digital lamp").getByRole("img").getAttribute("aria-label")).toContain("jetzt an");
  });

  test("the probe and the thermometer are set on the page and read by the app; the vent's PWM is shown", async () => {
    await signal("analog soil").getByRole("textbox").fill("1234");
    await eventually(() => variable("soil")).toBe("1.234");
    const bus = signal("i2c sda scl");
    await bus.getByRole("switch").press("Space");
    await bus.getByRole("textbox").fill("25");
    await eventually(() => variable("degrees")).toBe("25 °C");
    await eventually(() => signal("pwm vent").locator(".badge").textContent()).toBe("512");
  });

  test("the button and a pin are set on the page, and the app sees them", async () => {
    const light = signal("digital light");
    if (board === "sim") await light.getByRole("textbox").fill("1");
    else await light.getByRole("switch").press("Space");
    await eventually(() => variable("light")).toBe("1 lx");
    await page.getByRole("tab", { name: "Ereignisse" }).press("Enter");
    const button = page.getByRole("button", { name: "Drücken und halten" });
    await button.focus();
    await page.keyboard.down("Space");
    await eventually(() => button.getAttribute("aria-pressed")).toBe("true");
    await page.waitForTimeout(300);
    await page.keyboard.up("Space");
    await eventually(() => page.getByRole("cell", { name: /^[\d.]+ ms$/ }).count()).toBe(1);
  });

  test("without network the unit runs on and can't be called; with it, it can be again", async () => {
    const before = await starts();
    const network = page.getByRole("switch", { name: "Netzwerk" });
    await network.press("Space");
    await eventually(() => run().isDisabled()).toBe(true);
    expect(await page.locator("[data-phase]").getAttribute("data-phase")).toBe("running");
    await network.press("Space");
    await eventually(() => run().isEnabled()).toBe(true);
    expect(await starts()).toBe(before);
  });

  test("after a power cut the world is as it was, and what the unit drives is not", async () => {
    const before = await starts();
    const power = page.getByRole("switch", { name: "Strom" });
    await power.press("Space");
    await eventually(() => page.locator("[data-phase]").getAttribute("data-phase")).toBe("off");
    await power.press("Space");
    await eventually(starts).toBeGreaterThan(before);
    await eventually(() => variable("soil")).toBe("1.234");
    await eventually(() => variable("degrees")).toBe("25 °C");
    await eventually(() => variable("lamp")).toBe("aus");
  });

  test("the unit is told the time", async () => {
    await eventually(() => run().isEnabled()).toBe(true);
    await page.getByRole("button", { name: "Jetzige Zeit mitteilen" }).press("Enter");
    await page.locator(".toast", { hasText: "Das Gerät hat die Zeit übernommen." }).waitFor();
  });

  test("a thrown error has the maker's file and line, and a saved file starts the app again", async () => {
    await page.locator('[data-function="fail"] button').press("Enter");
    const lines = HARDWARE_APP.split("\n");
    const offset = lines.findIndex((each) => each.includes("the valve is stuck")) + 1;
    await eventually(() => page.locator("[data-place]").first().textContent()).toMatch(
      new RegExp(`app\\.ts:${offset}:\\d+$`),
    );
    expect(await page.locator(".notice.bad pre").first().textContent()).toContain("the valve is stuck");
    const before = await starts();
    dev.save(HARDWARE_APP.replace('"hello"', '"good evening"'));
    await eventually(starts).toBeGreaterThan(before);
    await eventually(() => variable("greeting")).toBe("good evening");
    expect(await page.locator("[data-place]").count()).toBe(0);
  });

  test.each(FAILURES)(
    "%s has the maker's file and line on the page and in the terminal, and the next save runs",
    async (_name, { text, at, said }) => {
      const [broken, before] = [withFailure(text), await starts()];
      const heard = dev.child.errors().length;
      dev.save(broken);
      const line = broken.split("\n").findIndex((each) => each.includes(at)) + 1;
      const place = page.locator(".notice.bad", { hasText: said }).locator("[data-place]").first();
      await eventually(() => place.textContent()).toMatch(new RegExp(`app\\.ts:${line}:\\d+$`));
      expect(dev.child.errors().slice(heard)).toMatch(new RegExp(`app\\.ts:${line}:\\d+: .*${said}`));
      dev.save(HARDWARE_APP);
      await eventually(starts).toBeGreaterThan(before);
      await page.locator('[data-phase="running"]').waitFor();
      await eventually(() => page.locator("[data-place]").count()).toBe(0);
    },
  );

  test("an app that throws while it is loaded does not run on and on, and a mended one starts", async () => {
    dev.save(`${HARDWARE_APP}\nthrow new Error("not today");\n`);
    await eventually(() => page.locator(".notice.bad pre").first().textContent()).toContain("not today");
    // Firmware takes no app that does not start: what ran before still does.
    const phase = board === "sim" ? "stopped" : "running";
    await eventually(() => page.locator("[data-phase]").getAttribute("data-phase")).toBe(phase);
    const before = await starts();
    dev.save(HARDWARE_APP.replace('"hello"', '"mended"'));
    await eventually(starts).toBeGreaterThan(before);
    await eventually(() => variable("greeting")).toBe("mended");
  });

  test("an expression is evaluated within the unit", async () => {
    await page.getByRole("tab", { name: "Konsole" }).press("Enter");
    await page.getByLabel("Ausdruck").fill('[6 * 7, call("setLamp", { on: false })]');
    await page.keyboard.press("Enter");
    await eventually(() => page.locator("output pre").first().textContent()).toContain('[42, "dark"]');
  });

  test("no secret is on the page or in what latchkey dev says", async () => {
    const shown = await page.evaluate(() => document.documentElement.outerHTML + location.href);
    const all = shown + dev.child.errors();
    expect([...secretsOf(dev), dev.token].filter((secret) => all.includes(secret))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
