/** A broker that asks the cloud about its clients over HTTP, as EMQX does, through real sockets and the real process. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
import { type HookingBroker, startHookingBroker } from "./hooking-broker.ts";
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
} from "./linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-hooks-"));
const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
const keyFile = join(data, "hooks.key");
const keys = testKeys(keysFolder, "lamp");
const units = Array.from({ length: 3 }, (_, i) => testUnit(i, keys));
const [first, second] = units as [(typeof units)[0], (typeof units)[0]];

let broker: HookingBroker;
let cloud: CloudProcess;
let operator: OperatorClient;

const start = (...more: string[]) => startCloudProcess(["--data", data, "--keys", keysFolder, ...more]);

beforeAll(async () => {
  broker = await startHookingBroker(keyFile, true);
  cloud = await start("--broker", broker.url, "--broker-hooks", broker.hooks);
  operator = testClient(cloud, data);
  await operator.post(
    "/v1/devices",
    units.map((unit) => enrolmentOf(unit, "lamp")),
  );
});

afterAll(async () => {
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the cloud says to one question, status and result; by whatever key. */
async function ask(path: string, body: object | string, authorization?: string): Promise<[number, string]> {
  const answer = await fetch(`http://${broker.hooks}/hooks/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return [answer.status, ((await answer.json()) as { result: string }).result];
}
const bearer = () => `Bearer ${readFileSync(keyFile, "utf8").trim()}`;

describe("a broker that asks the cloud about its clients", () => {
  it("carries a release to units, and says who is there and who has gone", async () => {
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(30_000)));
    const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", {
      ...{ product: "lamp", sequence: 1, waves: [{ name: "100 %", share: 10_000 }] },
      limits: { soakMs: 0, sample: 1_000 },
    });
    const links = await Promise.all(units.map((unit) => link(unit, { url: cloud.url, mqtt: broker.port })));
    await until("every unit runs release 1", () => units.every((unit) => unit.model.truth.sequence === 1));
    await until("the counters say so", async () => {
      const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
      return tally.confirmed === units.length;
    });
    expect((await operator.get<Status>("/v1/status")).online).toBe(units.length);
    for (const each of links) each.cut();
    await until("all have gone", async () => (await operator.get<Status>("/v1/status")).online === 0);
    expect(broker.asked.filter(({ result }) => result !== "allow")).toEqual([]);
  });

  it("refuses a wrong proof, a spent one, another's, and nobody's", async () => {
    const refused = /Not authorized/;
    await expect(mqttOf(broker.port, first.id, "nothing")).rejects.toThrow(refused);
    const forged = await passwordFor(cloud.url, { ...first, seed: second.seed });
    await expect(mqttOf(broker.port, first.id, forged)).rejects.toThrow(refused);
    const elsewhere = await passwordFor(cloud.url, first, "another broker");
    await expect(mqttOf(broker.port, first.id, elsewhere)).rejects.toThrow(refused);
    const password = await passwordFor(cloud.url, first);
    await expect(mqttOf(broker.port, second.id, password)).rejects.toThrow(refused);
    const good = await passwordFor(cloud.url, first);
    const client = await mqttOf(broker.port, first.id, good);
    await client.endAsync();
    await expect(mqttOf(broker.port, first.id, good)).rejects.toThrow(refused);
    const stranger = testUnit(99, keys);
    await expect(mqttOf(broker.port, stranger.id, await passwordFor(cloud.url, stranger))).rejects.toThrow(refused);
    await expect(mqttOf(broker.port, "latchkey-cloud-latchkey", "00")).rejects.toThrow(refused);
  });

  it("keeps a unit to its own topics, in their own spelling", async () => {
    const client = await mqttOf(broker.port, first.id, await passwordFor(cloud.url, first));
    const granted = async (filter: string) => (await client.subscribeAsync(filter).catch(() => []))[0]?.qos ?? 128;
    expect(await granted(`f/f1/d/${first.id}/release`)).toBe(0);
    const others = [`f/f1/d/${second.id}/release`, "f/f1/d/+/release", "f/#", "#", "c/+/reply", `f/f1/d/${first.id}/#`];
    for (const filter of others) expect([filter, await granted(filter)]).toEqual([filter, 128]);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.publish(`f/f1/d/${second.id}/state`, Buffer.from("84010900f6", "hex"), { qos: 1, retain: true });
    await closed;
    const { online, versions } = await operator.get<Status>("/v1/status");
    expect(online).toBe(0);
    expect(versions).toEqual([{ product: "lamp", sequence: 1, devices: units.length }]);
  });

  it("answers nobody without the key; no refusal is a status that EMQX takes for a shrug", async () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const topic = `f/f1/d/${first.id}/state`;
    const use = { clientid: first.id, username: first.id, action: "publish", topic, qos: "1", retain: "true" };
    expect(await ask("authz", use, bearer())).toEqual([200, "allow"]);
    for (const authorization of [undefined, "Bearer ", "Bearer 00", bearer().slice(0, -1), `${bearer()}0`]) {
      expect(await ask("authz", use, authorization)).toEqual([200, "deny"]);
      const password = await passwordFor(cloud.url, first);
      const signIn = { clientid: first.id, username: first.id, password };
      expect(await ask("authn", signIn, authorization)).toEqual([200, "deny"]);
      // It wasn't spent by somebody who may not ask.
      expect(await ask("authn", signIn, bearer())).toEqual([200, "allow"]);
    }
    const wrong = ["", "nonsense", "[]", { ...use, username: second.id }, { ...use, action: "both" }, { topic }];
    for (const body of wrong) expect(await ask("authz", body, bearer())).toEqual([200, "deny"]);
    const password = await passwordFor(cloud.url, first);
    expect(await ask("authn", { clientid: first.id, username: second.id, password }, bearer())).toEqual([200, "deny"]);
    // The questions are answered where the operator said, and not where units ask.
    expect((await fetch(`${cloud.url}/hooks/authn`, { method: "POST" })).status).toBe(404);
    broker.key = "00";
    await expect(mqttOf(broker.port, first.id, await passwordFor(cloud.url, first))).rejects.toThrow(/Not authorized/);
    broker.key = undefined;
  });

  it("is told again what was said while it was dead: who stayed, and who went", async () => {
    const links = await Promise.all(units.map((unit) => link(unit, { url: cloud.url, mqtt: broker.port })));
    await until("all are online", async () => (await operator.get<Status>("/v1/status")).online === units.length);
    cloud.child.kill("SIGKILL");
    await cloud.ended;
    const there = await connectAsync(broker.url, { clientId: first.id, reconnectPeriod: 0 }, false).catch(() => "no");
    expect(there).toBe("no");
    for (const each of links.slice(0, 2)) each.cut();
    await Promise.all(links.slice(0, 2).map((each) => each.closed));
    cloud = await start("--broker", broker.url, "--broker-hooks", broker.hooks);
    operator = testClient(cloud, data);
    const left = units.length - 2;
    await until("the others are gone", async () => (await operator.get<Status>("/v1/status")).online === left);
    for (const each of links) each.cut();
    await until("all have gone", async () => (await operator.get<Status>("/v1/status")).online === 0);
  });

  it("says in one line what to do about a broker that doesn't ask, and about options that don't fit", async () => {
    const other = (...more: string[]) =>
      startCloudProcess(["--data", join(folder, "other"), "--keys", keysFolder, ...more]);
    // This broker asks the cloud that runs, which doesn't know the other's password.
    await expect(other("--broker", broker.url, "--broker-hooks", "127.0.0.1:0")).rejects.toThrow(
      /latchkey: broker mqtt:\S+ can't be used .*it asks http:\/\/127\.0\.0\.1:\d+\/hooks\/authn and .* the key in .*hooks\.key/,
    );
    await expect(other("--broker-hooks", "127.0.0.1:0")).rejects.toThrow(/give --broker too/);
    await expect(other("--broker", broker.url, "--broker-hooks", "0.0.0.0:0")).rejects.toThrow(/--tls-key/);
    await expect(other("--broker", "mqtt://a:b@127.0.0.1:1", "--broker-hooks", "127.0.0.1:0")).rejects.toThrow(
      /leave user and password out of --broker/,
    );
    await expect(other("--broker", broker.url, "--broker-hooks", "8081")).rejects.toThrow(/127\.0\.0\.1:8081/);
  });
});
