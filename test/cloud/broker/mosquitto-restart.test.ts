/** mosquitto crashes beneath a cloud that runs, with and without the accounts that the cloud made there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Status } from "#cloud/status/status.ts";
import { until } from "../../progress.ts";
import { type CloudHere, startCloudHere } from "../here.ts";
import { link, type TestUnit } from "./linked-unit.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto-broker.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-mosquitto-restart-"));
let broker: Mosquitto;
let here: CloudHere;
beforeAll(async () => {
  broker = await startMosquitto(join(folder, "mosquitto"));
  here = await startCloudHere(folder, 2, { broker: broker.url });
});
afterAll(async () => {
  await here?.cloud.close();
  broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const onlineNow = async () => (await here.operator.get<Status>("/v1/status")).online;

describe("a crash of mosquitto", () => {
  it.each([
    ["keeps no unit online that it threw out, and lets it in again", false],
    ["that lost its accounts as well lets known units in again, without a restart of the cloud", true],
  ])("%s", async (_, isReset) => {
    const [unit] = here.units as [TestUnit];
    const at = { url: here.url, mqtt: broker.port };
    const before = await link(unit, at);
    await until("it is online", async () => (await onlineNow()) === 1 || undefined);
    await broker.restart(isReset);
    await before.closed;
    await until("nobody is online", async () => (await onlineNow()) === 0 || undefined);
    // The cloud is connected again at some moment; a unit that is refused tries again, as here.
    const after = await until("it is let in again", () => link(unit, at).catch(() => undefined));
    await until("it is online again", async () => (await onlineNow()) === 1 || undefined);
    after.cut();
    await until("it has gone", async () => (await onlineNow()) === 0 || undefined);
  });
});
