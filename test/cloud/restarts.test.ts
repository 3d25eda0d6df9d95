/** The cloud's process ends when it is told to, and when it can't start, whatever its units are doing. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
} from "./broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-restarts-"));
const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
const keys = testKeys(keysFolder, "lamp");
const started: CloudProcess[] = [];

async function start(...args: string[]): Promise<CloudProcess> {
  const cloud = await startCloudProcess(["--data", data, "--keys", keysFolder, ...args]);
  started.push(cloud);
  return cloud;
}

afterAll(() => {
  for (const { child } of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("a port that is taken", () => {
  const taken = createServer();
  let port = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    port = String((taken.address() as { port: number }).port);
  });
  afterAll(() => taken.close());

  it.each(["--mqtt-port", "--http-port"])("as %s is named in one line, and the process ends", async (option) => {
    await expect(start(option, port)).rejects.toThrow(
      new RegExp(`^ended with 1: latchkey: port ${port} is in use; [^\\n]*${option}[^\\n]*$`),
    );
  });
});

describe("SIGTERM", () => {
  it("ends a cloud whose units still wait for throttled blocks: at 100 bytes a second, for ten minutes", async () => {
    const cloud = await start("--block-rate", "100");
    const operator = testClient(cloud, data);
    const units = [0, 1, 2].map((number) => testUnit(number, keys));
    await operator.post(
      "/v1/devices",
      units.map((unit) => enrolmentOf(unit, "lamp")),
    );
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(60_000)));
    const waves = [{ name: "100 %", share: 10_000 }];
    await operator.post("/v1/rollouts", { product: "lamp", sequence: 1, waves });
    let blocks = 0;
    const links = await Promise.all(units.map((unit) => link(unit, cloud, () => void blocks++)));
    await expect.poll(() => blocks).toBeGreaterThan(0);
    cloud.child.kill("SIGTERM");
    const limit = new Promise((resolve) => setTimeout(resolve, 120_000, "still running").unref());
    expect(await Promise.race([cloud.ended, limit])).toBe(0);
    for (const each of links) each.cut();
  });
});
