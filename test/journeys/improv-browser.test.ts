/**
 * Improv over serial with its own client in a browser: the page's serial port is the simulated unit's console. A wrong passphrase is
 * told, the right one brings the unit onto the network, and the join is provisional as any that no card-holder sent.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtPath } from "#boards/sim/host/programs.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { startReady } from "#cli/program.ts";
import { encodeFactoryLine } from "#wire/lines/factory-line.ts";
import { makeTestUnit } from "../boards/sim/made-unit.ts";
import { SILENCE_MS, until } from "../progress.ts";
import { openBrowser } from "../web/browser.ts";

const HOME = { ssid: "Café 🔑", passphrase: "correct horse" } as const;
const SUBNET = await loopbackSubnet();

/** What the page does; the client's own page would do the same after a person chose a port. */
const PAGE = `
import { ImprovSerial } from "improv";
const quiet = { log() {}, error() {}, debug() {} };
let unit;
globalThis.fromUnit = (bytes) => unit.enqueue(new Uint8Array(bytes));
globalThis.connect = async (timeoutMs) => {
  const readable = new ReadableStream({ start: (controller) => void (unit = controller) });
  const writable = new WritableStream({ write: (bytes) => globalThis.toUnit([...bytes]) });
  globalThis.improv = new ImprovSerial({ readable, writable }, quiet);
  return await globalThis.improv.initialize(timeoutMs);
};
`;

const output = mkdtempSync(join(tmpdir(), "latchkey-improv-"));
let [browser, script]: [Browser | undefined, string] = [undefined, ""];
let air: Awaited<ReturnType<typeof startReady>>;
let unit: ChildProcess | undefined;

async function off(): Promise<void> {
  const ended = unit;
  unit = undefined;
  if (ended === undefined || ended.exitCode !== null) return;
  const closed = new Promise((resolve) => ended.once("close", resolve));
  ended.kill("SIGKILL");
  await closed;
}

/** The unit's process with its console as bytes. */
function on(flashPath: string): ChildProcess {
  const endsWithParent = pathToFileURL(builtPath("boards/sim/host/ends-with-parent.ts")).href;
  const words = ["--import", endsWithParent, builtPath("boards/sim/host/unit.ts"), "--board", "sim"];
  const radio = `127.0.0.1:${air.ready.radioPort}`;
  return spawn(process.execPath, [...words, "--flash", flashPath, "--radio", radio], {
    stdio: ["pipe", "pipe", "ignore"],
  });
}

/** A page whose serial port is this unit's console. */
async function pageAt(flashPath: string): Promise<Page> {
  await off();
  const started = on(flashPath);
  unit = started;
  const page = await (browser as Browser).newPage();
  await page.exposeFunction("toUnit", (bytes: number[]) => void started.stdin?.write(Uint8Array.from(bytes)));
  await page.addScriptTag({ content: script, type: "module" });
  await page.waitForFunction("globalThis.connect !== undefined");
  started.stdout?.on("data", (bytes: Buffer) => {
    // The page's port may be closed already.
    page.evaluate(`globalThis.fromUnit?.(${JSON.stringify([...bytes])})`).catch(() => undefined);
  });
  return page;
}

const connect = (page: Page) => page.evaluate(`connect(${SILENCE_MS})`);
const provision = (page: Page, passphrase: string) =>
  page.evaluate(
    `improv.provision(${JSON.stringify(HOME.ssid)}, ${JSON.stringify(passphrase)}, ${SILENCE_MS}).then(() => "joined", String)`,
  );
const stateOf = async (page: Page) => {
  await page.evaluate("improv.requestCurrentState()");
  return page.evaluate("improv.state");
};

async function isOnNetwork(port: number): Promise<true | undefined> {
  for (let host = 1; host <= 8; host++) {
    const at = `http://${SUBNET}.${host}:${port}/`;
    if ((await fetch(at, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)) !== undefined) return true;
  }
  return undefined;
}

beforeAll(async () => {
  const folder = dirname(createRequire(import.meta.url).resolve("improv-wifi-serial-sdk/package.json"));
  const built = await build({
    stdin: { contents: PAGE, resolveDir: ".", loader: "js" },
    ...{ bundle: true, write: false, format: "esm", alias: { improv: join(folder, "dist/serial.js") } },
  });
  script = built.outputFiles[0]?.text ?? "";
  browser = await openBrowser();
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${SUBNET}.255`, subnet: SUBNET, seed: 1, loss: { rate: 0 } };
  air = await startReady("boards/sim/host/air/main.ts", ["--json", JSON.stringify(config)]);
});

afterAll(async () => {
  await off();
  await browser?.close();
  await air?.child.stop();
  rmSync(output, { recursive: true, force: true });
});

async function make(improv: boolean): Promise<string> {
  const { station, flashPath } = await makeTestUnit("127.0.0.1:1", {
    onboarding: { legacy: [], softAp: false, improv },
  });
  await station.power(false);
  return flashPath;
}

test("the client finds the unit, is told of a wrong passphrase, and brings it onto the network for now", async () => {
  const flashPath = await make(true);
  const page = await pageAt(flashPath);
  expect(await connect(page)).toMatchObject({
    ...{ firmware: "Latchkey", version: "1", chipFamily: "sim", name: expect.stringMatching(/^Setup [0-9A-F]{6}$/) },
  });
  const scanned = await until("the networks of a scan", async () => {
    const found = (await page.evaluate("improv.scan()")) as readonly { name: string }[];
    return found.length > 0 ? found : undefined;
  });
  expect(scanned).toContainEqual({ name: HOME.ssid, rssi: expect.any(Number), secured: true });
  expect(await provision(page, "wrong horse")).toBe("UNABLE_TO_CONNECT");
  expect(await stateOf(page)).toBe(2);
  expect(await provision(page, HOME.passphrase)).toBe("joined");
  expect(await stateOf(page)).toBe(4);
  await until("the unit on the network", () => isOnNetwork(8080));
  // It has a network now: nobody at its console gives it another, or sees which there are.
  expect(await provision(page, HOME.passphrase)).toBe("UNKNOWN_ERROR (4)");
  expect(await page.evaluate("improv.scan().catch(String)")).toBe("UNKNOWN_ERROR (4)");
  await page.close();
  // No card-holder came: it is forgotten with the power.
  const again = await pageAt(flashPath);
  await connect(again);
  expect(await stateOf(again)).toBe(2);
  await again.close();
});

test("a unit whose product did not switch it on hears nothing of it", async () => {
  const page = await pageAt(await make(false));
  // Not for want of a console: the factory's line is answered there.
  const answered = new Promise((resolve) => unit?.stdout?.once("data", (bytes) => resolve(String(bytes)[0])));
  unit?.stdin?.write(encodeFactoryLine({ kind: "check" }));
  expect(await answered).toBe("~");
  expect(await page.evaluate("connect(4_000).then(() => 'found', (error) => error.message)")).toBe(
    "Improv Wi-Fi Serial not detected",
  );
  await page.close();
});
