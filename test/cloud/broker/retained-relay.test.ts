/**
 * A caller's retained message, which mosquitto can't refuse: nobody receives it as a new request, and it is deleted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { callerName, callerToBeSigned, encodeCallerProof } from "#wire/link/caller-auth.ts";
import { linkPassword } from "#wire/link/link-auth.ts";
import { encodeRelayedRequest } from "#wire/link/relay.ts";
import { enrolmentOf, type HomeUnit, issuer, seedOf, startHomeUnit } from "./home-unit.ts";
import { type CloudProcess, fetchNonce, startCloudProcess, testClient, testKeys, until } from "./linked-unit.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto-broker.ts";

/** A topic below c/ that no caller has. */
const END = "c/end";

describe("a retained call, over mosquitto", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-retained-"));
  const data = join(folder, "data");
  const keys = join(folder, "keys");
  let broker: Mosquitto;
  let cloud: CloudProcess;
  let unit: HomeUnit;

  const startCloud = () => startCloudProcess(["--data", data, "--keys", keys, "--broker", broker.url]);

  beforeAll(async () => {
    testKeys(keys, "lamp");
    addGrantIssuer(keys, 1, issuer.publicKey);
    broker = await startMosquitto(folder);
    cloud = await startCloud();
    const publicKey = primitives.ed25519PublicKey(seedOf(50));
    const known = { id: deviceIdOf(primitives, publicKey), publicKey } as HomeUnit;
    await testClient(cloud, data).post("/v1/devices", [enrolmentOf(known)]);
    const at = { host: "127.0.0.1", mqttPort: broker.port, httpPort: cloud.http, broker: "latchkey" };
    unit = await startHomeUnit(seedOf(50), seedOf(7), at);
    await isOnline();
  });

  afterAll(async () => {
    unit?.stop();
    cloud?.child.kill("SIGTERM");
    await cloud?.ended;
    broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const isOnline = () =>
    until(
      "it is online",
      async () => (await testClient(cloud, data).get<{ online: number }>("/v1/status")).online === 1,
    );

  /** Topics below c/ of what the broker tells those who come later. */
  async function retained(): Promise<readonly string[]> {
    const client = await connectAsync(broker.url, { clientId: "watcher", reconnectPeriod: 0 }, false);
    const topics: string[] = [];
    client.on("message", (topic, _, packet) => packet.retain && topics.push(topic));
    await client.subscribeAsync("c/#");
    // What is retained comes first: a broker takes what a client says in turn.
    const told = new Promise((resolve) => client.on("message", (topic) => topic === END && resolve(undefined)));
    await client.publishAsync(END, "");
    await told;
    await client.endAsync();
    return topics;
  }

  /** The owner comes and has the broker retain a call; the unit hears it once. */
  async function retainedCall() {
    const { seed, chain } = unit.owner;
    const publicKey = primitives.ed25519PublicKey(seed);
    const { nonce } = await fetchNonce(cloud.url, toHex(deviceIdOf(primitives, publicKey)));
    const signature = primitives.ed25519Sign(callerToBeSigned("latchkey", toHex(unit.id), nonce), seed);
    const proof = { nonce, publicKey, signature };
    const body = Buffer.from(encodeCallerProof({ proof, deviceId: unit.id, chain }));
    expect((await fetch(`${cloud.url}/caller`, { method: "POST", body })).status).toBe(204);
    const name = callerName(nonce);
    const account = { clientId: name, username: name, password: linkPassword(proof), reconnectPeriod: 0 };
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, account, false);
    client.on("error", () => undefined);
    const call = encodeRelayedRequest({ tag: primitives.random(8), path: "key", body: new Uint8Array(0) });
    const heard = unit.heard.length;
    await client.publishAsync(`c/${name}/relay`, Buffer.from(call), { qos: 1, retain: true });
    await until("the unit hears it", () => unit.heard.length === heard + 1);
    return { client, topic: `c/${name}/relay` };
  }

  it("is deleted when the relay session ends", async () => {
    const { client, topic } = await retainedCall();
    await until("it is retained", async () => (await retained()).join() === topic);
    await client.publishAsync(topic, Buffer.alloc(0), { qos: 1 }).catch(() => undefined);
    await until("nothing is retained", async () => (await retained()).length === 0);
  });

  it("is not heard again by a cloud that died over it, and goes then", async () => {
    const { client } = await retainedCall();
    const heard = unit.heard.length;
    cloud.child.kill("SIGKILL");
    await cloud.ended;
    cloud = await startCloud();
    await isOnline();
    await until("nothing is retained", async () => (await retained()).length === 0);
    expect(unit.heard.length).toBe(heard);
    await client.endAsync(true);
  });
});
