/** A caller's retained messages: the embedded broker keeps none, and a broker that asks is told to refuse them. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Broker, BrokerEvents } from "#cloud/broker/broker.ts";
import { startEmbeddedBroker } from "#cloud/broker/broker-aedes.ts";
import { connectHookedBroker } from "#cloud/broker/broker-hooked.ts";
import type { LinkGate } from "#cloud/broker/link-gate.ts";
import type { RetainedTopics } from "#cloud/broker/retained-topics.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { callerName, callerRelayTopic } from "#wire/link/caller-auth.ts";
import { startHookingBroker } from "./hooking-broker.ts";
import { until } from "./linked-unit.ts";

const { kept } = vi.hoisted(() => ({ kept: [] as unknown[] }));
/** The broker's own memory, so that it can be looked into: nobody may subscribe to what lies there. */
vi.mock("#cloud/broker/retained-topics.ts", async (original) => {
  const { createRetainedTopics } = await original<{ createRetainedTopics: () => RetainedTopics }>();
  return {
    createRetainedTopics() {
      const topics = createRetainedTopics();
      kept.push(topics);
      return topics;
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), "latchkey-unretained-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nobody = {} as LinkGate;
const name = callerName(randomBytes(16));
const topic = callerRelayTopic(name);

function listener() {
  const said: string[] = [];
  const nothing = () => undefined;
  const events: BrokerEvents = {
    message: () => Promise.resolve(),
    ...{ online: nothing, offline: nothing, refused: nothing, callerGone: nothing, log: nothing },
    callerSaid: (from, payload) => said.push(`${from} ${Buffer.from(payload)}`),
  };
  return { said, events };
}

async function caller(broker: Broker, port: number) {
  await broker.admitCaller(name, "password");
  const account = { clientId: name, username: name, password: "password", reconnectPeriod: 0 };
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, account, false);
  client.on("error", () => undefined);
  return client;
}

describe("a caller who sends a retained request", () => {
  it("is heard once by the embedded broker, which keeps none of it", async () => {
    const { said, events } = listener();
    const broker = await startEmbeddedBroker(nobody, events, { host: "127.0.0.1", port: 0, nonceMs: Date.now });
    const client = await caller(broker, broker.port as number);
    await client.publishAsync(topic, Buffer.from("a call"), { qos: 1, retain: true });
    await broker.toFleet("f1", "keyset", Buffer.from("ours"));
    await client.endAsync(true);
    const topics = (kept[0] as RetainedTopics).createRetainedStreamCombi(["#"]);
    const retained = ((await topics.toArray()) as { topic: string }[]).map((each) => each.topic);
    expect([said, retained]).toEqual([[`${name} a call`], ["f/f1/all/keyset"]]);
    await broker.close();
  });

  it("is refused by a broker that asks, and heard when the request is not retained", async () => {
    const { said, events } = listener();
    const keyFile = join(folder, "hooks.key");
    writeFileSync(keyFile, "key", { mode: 0o600 });
    const theirs = await startHookingBroker(keyFile);
    const [host, port] = theirs.hooks.split(":") as [string, string];
    const fleet = { get: () => undefined } as unknown as Fleet;
    const at = {
      ...{ url: theirs.url, name: "latchkey", host, port: Number(port) },
      key: "key",
      keyFile,
      nonceMs: Date.now,
    };
    const broker = await connectHookedBroker(events, { ...at, gate: nobody, fleet });
    const client = await caller(broker, theirs.port);
    await client.publishAsync(topic, Buffer.from("a call"), { qos: 1 });
    await until("it is heard", () => said.length === 1);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.publish(topic, Buffer.from("for ever"), { qos: 1, retain: true });
    await closed;
    expect(theirs.asked.at(-1)).toMatchObject({ result: "deny", body: { topic, retain: "true" } });
    expect(said).toEqual([`${name} a call`]);
    await broker.close();
    await theirs.stop();
  });
});
