import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
import { decodeReleaseFile } from "#trust/host/release-file.ts";
import {
  type CloudProcess,
  enrolmentOf,
  link,
  mqttOf,
  noise,
  passwordFor,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "./broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-cloud-"));
const data = join(folder, "data");
const keysFolder = join(folder, "keys");
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

describe("the cloud as a process", () => {
  let cloud: CloudProcess;
  let operator: OperatorClient;
  const units = Array.from({ length: 12 }, (_, i) => testUnit(i, keys));
  const [first, second] = units as [(typeof units)[0], (typeof units)[0]];
  const stranger = testUnit(999, keys);

  beforeAll(async () => {
    cloud = await start();
    operator = testClient(cloud, data);
    await operator.post(
      "/v1/devices",
      units.map((unit, i) => enrolmentOf(unit, "lamp", i === 0)),
    );
  });

  it("lets nobody in without a proof: no password, a wrong key, another broker, a unit it doesn't know", async () => {
    await expect(mqttOf(cloud.mqtt, first.id, "")).rejects.toThrow(/Not authorized/);
    await expect(mqttOf(cloud.mqtt, first.id, "00".repeat(112))).rejects.toThrow(/Not authorized/);
    const forged = await passwordFor(cloud.url, { ...first, seed: second.seed });
    await expect(mqttOf(cloud.mqtt, first.id, forged)).rejects.toThrow(/Not authorized/);
    const elsewhere = await passwordFor(cloud.url, first, "another-broker");
    await expect(mqttOf(cloud.mqtt, first.id, elsewhere)).rejects.toThrow(/Not authorized/);
    const unknown = await passwordFor(cloud.url, stranger);
    await expect(mqttOf(cloud.mqtt, stranger.id, unknown)).rejects.toThrow(/Not authorized/);
    const others = await passwordFor(cloud.url, second);
    await expect(mqttOf(cloud.mqtt, first.id, others)).rejects.toThrow(/Not authorized/);
  });

  it("takes a proof once", async () => {
    const password = await passwordFor(cloud.url, first);
    const client = await mqttOf(cloud.mqtt, first.id, password);
    await client.endAsync();
    await expect(mqttOf(cloud.mqtt, first.id, password)).rejects.toThrow(/Not authorized/);
  });

  it("lets a unit speak and hear below its own topic only", async () => {
    const client = await mqttOf(cloud.mqtt, first.id, await passwordFor(cloud.url, first));
    const granted = async (filter: string) => {
      const packets = await client.subscribeAsync(filter).catch(() => []);
      return packets[0]?.qos ?? 128;
    };
    expect(await granted(`f/f1/d/${first.id}/release`)).toBe(0);
    expect(await granted("f/f1/all/+")).toBe(0);
    for (const filter of [`f/f1/d/${second.id}/release`, "#", "f/+/d/+/state", `f/f1/d/${first.id}/#`, "$SYS/#"]) {
      expect(await granted(filter)).toBe(128);
    }
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.publish(`f/f1/d/${second.id}/state`, "x", { qos: 1 });
    await closed;
  });

  it("answers the operator only, and says what it is", async () => {
    expect((await fetch(`${cloud.url}/v1/status`)).status).toBe(401);
    expect((await fetch(`${cloud.url}/metrics`, { headers: { authorization: "Bearer 00" } })).status).toBe(401);
    expect((await fetch(`${cloud.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${cloud.url}/nonce`)).status).toBe(405);
    expect((await fetch(`${cloud.url}/nonce`, { method: "POST", body: "x".repeat(100) })).status).toBe(413);
    const document = (await (await fetch(`${cloud.url}/v1/openapi.json`)).json()) as { paths: Record<string, object> };
    expect(Object.keys(document.paths)).toContain("/v1/rollouts/{rollout}/halt");
    await expect(operator.post("/v1/rollouts", { product: "lamp" })).rejects.toThrow(/sequence/);
    await expect(operator.post("/v1/rollouts", { product: "lamp", sequence: 7 })).rejects.toThrow(/publish it first/);
    const forged = { ...enrolmentOf(first, "lamp"), publicKey: toHex(second.publicKey) };
    await expect(operator.post("/v1/devices", [forged])).rejects.toThrow(/not the one that its ID names/);
  });

  it("publishes what a release key signed, once, and serves its blocks by range", async () => {
    const image = noise(60_000);
    const file = testRelease(keysFolder, "lamp", 1, image);
    for (const [at, what] of [
      [-90_000, /lacks a stream/],
      [-30_000, /holds another js image/],
    ] as const) {
      const broken = Uint8Array.from(file);
      broken[broken.length + at] = (broken.at(at) as number) ^ 1;
      await expect(operator.post("/v1/releases", broken)).rejects.toThrow(what);
    }
    expect(await operator.post("/v1/releases", file)).toMatchObject({ sequence: 1, wasKnown: false });
    expect(await operator.post("/v1/releases", file)).toMatchObject({ wasKnown: true });
    const other = testRelease(keysFolder, "lamp", 1, image.subarray(1));
    await expect(operator.post("/v1/releases", other)).rejects.toThrow(/another release 1/);
    const { release, streams } = decodeReleaseFile(file, "test");
    const url = `${cloud.url}/v1/blocks/${toHex(release.components[0]?.transfers[0]?.root as Uint8Array)}`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    // The very bytes that a phone serves under the same path when it carries this file.
    expect(whole.equals(Buffer.from(streams[0] as Uint8Array))).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=4096-8191" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 4096-8191/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(4096, 8192))).toBe(true);
    expect((await fetch(url, { headers: { range: "bytes=9999999-" } })).status).toBe(416);
    const foreign = join(folder, "foreign");
    testKeys(foreign, "lamp");
    await expect(operator.post("/v1/releases", testRelease(foreign, "lamp", 2, image))).rejects.toThrow(
      /RELEASE_SIGNATURE/,
    );
  });

  it("brings a release to every unit by waves, and its counters are what the units say", async () => {
    const limits = { soakMs: 0, sample: 100 };
    const created = await operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1, limits });
    expect(created.rollout.wave).toBe(0);
    const links = await Promise.all(units.map((unit) => link(unit, cloud)));
    await until("every unit runs release 1", () => units.every((unit) => unit.model.truth.sequence === 1));
    await until("the counters say so", async () => {
      const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${created.rollout.id}`);
      return tally.confirmed === units.length && tally.members === units.length;
    });
    const status = await operator.get<Status>("/v1/status");
    expect(status.online).toBe(units.length);
    expect(status.versions).toEqual([{ product: "lamp", sequence: 1, devices: units.length }]);
    const metrics = await (
      await fetch(`${cloud.url}/metrics`, { headers: { authorization: `Bearer ${operatorKey()}` } })
    ).text();
    expect(metrics).toContain(`latchkey_device_versions{product="lamp",sequence="1"} ${units.length}`);
    const explained = await operator.get<{ all: { checks: { check: string; holds: boolean }[] }[] }>(
      `/v1/devices/${first.id}/explain`,
    );
    expect(explained.all[0]?.checks.find((check) => !check.holds)?.check).toBe("newer");
    for (const each of links) each.cut();
    await until("nobody is online", async () => (await operator.get<Status>("/v1/status")).online === 0);
  });

  it("refuses must-agree where cards are noFlash, and gives nothing of a withdrawn release", async () => {
    const file = testRelease(keysFolder, "lamp", 3, noise(5_000), "agree");
    await expect(operator.post("/v1/releases", file)).rejects.toThrow(/cards of lamp are noFlash/);
    const { withdrawn } = await operator.post<{ withdrawn: boolean }>("/v1/releases/lamp/1/withdraw", {
      because: "test",
    });
    expect(withdrawn).toBe(true);
    const { components } = decodeReleaseFile(testRelease(keysFolder, "lamp", 1, noise(60_000)), "test").release;
    const url = `${cloud.url}/v1/blocks/${toHex(components[0]?.transfers[0]?.root as Uint8Array)}`;
    expect((await fetch(url)).status).toBe(410);
    const newcomer = testUnit(50, keys);
    await operator.post("/v1/devices", [enrolmentOf(newcomer, "lamp")]);
    const { taken } = await operator.get<{ taken?: object }>(`/v1/devices/${newcomer.id}/explain`);
    expect(taken).toBeUndefined();
  });

  it("stops clean on SIGTERM, asks units to come back a little later, and remembers everything", async () => {
    const client = await mqttOf(cloud.mqtt, first.id, await passwordFor(cloud.url, first));
    await client.subscribeAsync(`f/f1/d/${first.id}/away`);
    const away = new Promise<string>((resolve) =>
      client.once("message", (_, payload) => resolve(payload.toString("hex"))),
    );
    cloud.child.kill("SIGTERM");
    expect(await away).toBe("0100");
    expect(await cloud.ended).toBe(0);
    cloud = await start();
    operator = testClient(cloud, data);
    const status = await operator.get<Status>("/v1/status");
    expect(status.devices).toBe(units.length + 1);
    expect(status.rollouts[0]?.tally.confirmed).toBe(units.length);
    expect(status.releases).toEqual([{ product: "lamp", sequence: 1, withdrawn: true }]);
  });

  it("says in one line what to do about a store in use, a port in use, a damaged store, a wrong key", async () => {
    await expect(start()).rejects.toThrow(
      /^ended with 1: latchkey: store .* is in use by another process; stop that one first$/,
    );
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const spare = join(folder, "spare");
    await expect(start("--data", spare, "--http-port", String(port))).rejects.toThrow(
      /latchkey: port \d+ is in use; .*--http-port/,
    );
    taken.close();
    cloud.child.kill("SIGTERM");
    await cloud.ended;
    const path = join(data, "cloud.db");
    truncateSync(path, Math.floor(statSync(path).size / 2));
    await expect(start()).rejects.toThrow(/latchkey: store .*cloud\.db is damaged; put back a backup/);
    writeFileSync(path, "this is no database at all, but long enough to be looked at as one".repeat(40));
    await expect(start()).rejects.toThrow(/latchkey: store .*cloud\.db is damaged/);
    await expect(start("--data", spare, "--keys", join(folder, "nowhere"))).rejects.toThrow(
      /latchkey: .*latchkey keys new/,
    );
  });

  function operatorKey(): string {
    return readFileSync(join(data, "operator.key"), "utf8").trim();
  }
});
