/**
 * A phone and a unit's gate over real sockets: HTTP through node:http and fetch to a TCP server, and MQTT through a broker
 * that relays. The gate is the shipped one.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { shareWith } from "#phone/share.ts";
import type { Transport } from "#phone/transport.ts";
import { fetchTransport } from "#phone/transports/fetch.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { relayTransport } from "#phone/transports/relay.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { DOWN, UP, unitTopic } from "#wire/link/topics.ts";
import { type GateServer, id, ownedUnit, ownerSeed, seedOf, startGateServer } from "./gate-server.ts";

const TOPIC = unitTopic("lamps", toHex(id), "");
const TOPICS = { relay: `${TOPIC}${DOWN.relay}`, reply: `${TOPIC}${UP.reply}` };

let broker: Aedes;
let brokerServer: Server;
let unit: GateServer;
let unitClient: MqttClient;
let phoneClient: MqttClient;

beforeAll(async () => {
  broker = await Aedes.createBroker();
  // Nobody is anonymous, here neither.
  broker.authenticate = (_client, name, password, done) => done(null, name === "test" && `${password}` === "secret");
  brokerServer = createServer(broker.handle);
  brokerServer.listen(0, "127.0.0.1");
  await once(brokerServer, "listening");
  const url = `mqtt://127.0.0.1:${(brokerServer.address() as AddressInfo).port}`;
  const as = { username: "test", password: "secret" };
  [unitClient, phoneClient] = await Promise.all([connectAsync(url, as), connectAsync(url, as)]);
  await unitClient.subscribeAsync(TOPICS.relay, { qos: 1 });
  unitClient.on("message", (name, payload) =>
    unit.show({ kind: "link-message", topic: name.slice(TOPIC.length), payload: Uint8Array.from(payload) }),
  );
});

afterAll(async () => {
  await Promise.all([unitClient.endAsync(true), phoneClient.endAsync(true)]);
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  brokerServer.close();
});

const transports: readonly [string, () => Promise<Transport>][] = [
  ["HTTP", async () => httpTransport({ host: "127.0.0.1", port: unit.port, timeoutMs: 60_000 })],
  ["fetch", async () => fetchTransport({ host: "127.0.0.1", port: unit.port, timeoutMs: 60_000 })],
  ["MQTT", () => relayTransport({ client: phoneClient, topics: TOPICS, timeoutMs: 60_000 })],
];

describe.each(transports)("over %s", (_name, open) => {
  // A unit for each transport: it counts handshakes by where they come from.
  beforeAll(async () => {
    unit = await startGateServer(ownedUnit(), (topic, payload) =>
      unitClient.publish(`${TOPIC}${topic}`, Buffer.from(payload), { qos: 1 }),
    );
  });
  afterAll(() => unit.close());

  const session = async (holderSeed: Uint8Array, chain?: Uint8Array) => {
    const options = { primitives, transport: await open(), deviceId: id, holderSeed };
    const opened = await openSession(chain === undefined ? options : { ...options, chain });
    if (!opened.ok) throw new Error(opened.fault);
    return opened.value;
  };

  it("the owner calls, and a guest with a narrower key does", async () => {
    unit.calls.length = 0;
    const owner = await session(ownerSeed);
    expect(await call(owner, "setLamp")).toEqual({ ok: true, value: "done" });
    const guestKey = primitives.ed25519PublicKey(seedOf(9));
    const scope = scopeOf({ setLamp: ["call"] });
    const shared = await shareWith(primitives, owner, ownerSeed, { guestKey, scope, caveats: [] });
    if (!shared.ok) throw new Error(shared.fault);
    const guest = await session(seedOf(9), shared.value.chain);
    expect(await call(guest, "setLamp")).toEqual({ ok: true, value: "done" });
    expect(await guest.request({ op: "update", sequence: 1 })).toEqual({ ok: false, fault: "GRANT_FLASH" });
    expect(await guest.request({ op: "grant" })).toEqual({ ok: false, fault: "SESSION_OWNER" });
    expect(unit.calls).toEqual(["setLamp", "setLamp"]);
    await guest.close();
    await owner.close();
  });

  it("a share after the floor was raised is above it", async () => {
    const owner = await session(ownerSeed);
    const described = await owner.request({ op: "describe" });
    const floor = described.ok ? ((described.value as Map<string, unknown>).get("floor") as number) : 0;
    expect((await owner.request({ op: "raise-floor", epoch: floor + 1 })).ok).toBe(true);
    const guestKey = primitives.ed25519PublicKey(seedOf(9));
    const scope = scopeOf({ setLamp: ["call"] });
    const shared = await shareWith(primitives, owner, ownerSeed, { guestKey, scope, caveats: [] });
    const guest = await session(seedOf(9), shared.ok ? shared.value.chain : undefined);
    expect((await call(guest, "setLamp")).ok).toBe(true);
    await guest.close();
    await owner.close();
  });

  it("a lost answer makes no call run twice", async () => {
    unit.calls.length = 0;
    const owner = await session(ownerSeed);
    unit.losesAnswers = 1;
    expect(await call(owner, "setLamp")).toEqual({ ok: true, value: "done" });
    expect(unit.losesAnswers).toBe(0);
    expect(unit.calls).toEqual(["setLamp"]);
    await owner.close();
  });

  it("a unit that doesn't answer is unreachable, not a failure of another kind", async () => {
    const transport = await open();
    unit.losesAnswers = 100;
    const options = { primitives, transport, deviceId: id, holderSeed: ownerSeed, sendingsMax: 1 };
    expect(await openSession(options)).toEqual({ ok: false, fault: "SESSION_UNREACHABLE" });
    unit.losesAnswers = 0;
    await transport.close();
  });
});
