/** A cloud with linked units, a gateway with accounts that let staff into it, and the console in a browser. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { freePort } from "#base/host/free-port.ts";
import { type Cloud, startCloud } from "#cloud/cloud.ts";
import { type OperatorClient, operatorClient } from "#cloud/http/operator-client.ts";
import { buildPage } from "#web/host/build-page.ts";
import { encodeAppFailure } from "#wire/link/app-failure.ts";
import { unitTopic } from "#wire/link/topics.ts";
import {
  enrolmentOf,
  type Link,
  link,
  mqttOf,
  noise,
  passwordFor,
  type TestUnit,
  testKeys,
  testRelease,
  testUnit,
} from "../cloud/broker/linked-unit.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

export interface ConsoleWorld {
  readonly url: string;
  readonly world: World;
  readonly cloud: Cloud;
  readonly operator: OperatorClient;
  /** The last one is not linked; the one before crashes with release 1, and its name is markup. */
  readonly units: readonly TestUnit[];
  /** Writes a signed release to a file. */
  releaseFile(sequence: number): string;
  /** A unit's app says that it threw. */
  fail(unit: TestUnit, name: string, message: string): Promise<void>;
  close(): Promise<void>;
}

export const MARKUP = `<img src=x onerror="document.title='taken'"><b>Kitchen</b>`;

export async function startConsoleWorld(unitCount: number): Promise<ConsoleWorld> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-console-"));
  const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
  const keys = testKeys(keysFolder, "lamp");
  const world = await startWorld({ isCompat: false }, 0);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const registered = await world.send("POST", "/v1/gateway/resources", { url }, world.bootstrapKey());
  const { secret } = (await registered.json()) as { secret: string };
  const cloud = await startCloud({
    ...{ data, keys: [keysFolder], name: "latchkey", host: "127.0.0.1", mqttPort: 0, httpPort: port },
    staff: { issuer: world.gateway.url, audience: url, secret, isKeyOn: true },
    console: () => buildPage("console"),
    onFatal: (error) => process.stderr.write(`${String(error)}\n`),
  });
  const operator = operatorClient({ data, url, keyFile: join(data, "operator.key") });
  const bad = unitCount - 2;
  const units = Array.from({ length: unitCount }, (_, i) =>
    testUnit(i, keys, (sequence) => (i === bad && sequence === 1 ? "crashes" : "works")),
  );
  const enrolments = units.map((unit, i) => ({ ...enrolmentOf(unit, "lamp"), ...(i === bad && { name: MARKUP }) }));
  await operator.post("/v1/devices", enrolments);
  await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(4_000)));
  const place = { url, mqtt: cloud.mqttPort ?? 0 };
  const links: Link[] = [];
  for (const unit of units.slice(0, -1)) links.push(await link(unit, place));
  return {
    ...{ url, world, cloud, operator, units },
    releaseFile(sequence) {
      const path = join(folder, `lamp-${sequence}.release`);
      writeFileSync(path, testRelease(keysFolder, "lamp", sequence, noise(4_000 + sequence)));
      return path;
    },
    async fail(unit, name, message) {
      const client = await mqttOf(place.mqtt, unit.id, await passwordFor(url, unit));
      const about = {
        level: "all",
        release: "1",
        fault: "APP_THREW",
        stack: `    at start (bundle)\n${MARKUP}`,
        lines: "lamp: on",
      } as const;
      const failure = Buffer.from(encodeAppFailure({ ...about, name, message, missed: 0 }));
      await client.publishAsync(unitTopic("f1", unit.id, "failure"), failure, { qos: 1 });
      await client.endAsync();
    },
    async close() {
      for (const each of links) each.cut();
      await cloud.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Does something later, by the clock that says how old a login is.
 * @param act Gets the account with codes of the real time, by which the server takes them.
 */
export async function later(ms: number, account: Account, act: (account: Account) => Promise<void>): Promise<void> {
  const realNow = Date.now;
  const shifted = () => realNow() + ms;
  const code = () => {
    Date.now = realNow;
    const read = account.code();
    Date.now = shifted;
    return read;
  };
  Date.now = shifted;
  try {
    await act({ ...account, code });
  } finally {
    Date.now = realNow;
  }
}

/** Types name, password and one-time code into the issuer's page, and allows the console what it asks for. */
export async function giveCredentials(page: Page, account: Account): Promise<void> {
  await page.getByLabel("Name").fill(account.name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel(/one-time code/i).fill(account.code());
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Opens the console and logs in, as a person does for the first time. */
export async function openConsole(browser: Browser, url: string, account: Account): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en" });
  const page = await context.newPage();
  await page.goto(`${url}/console/`);
  await page.getByRole("button", { name: "Log in" }).click();
  await giveCredentials(page, account);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Fleet", level: 1 }).waitFor();
  return page;
}
