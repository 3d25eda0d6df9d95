/**
 * A phone and a unit's gate over real sockets: HTTP through node:http to a TCP server, and MQTT through a broker that
 * relays. What performs the gate's effects here is a few lines over node:net and mqtt; the gate is the shipped one.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { createGate } from "#device/gate.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { shareWith } from "#phone/share.ts";
import type { Transport } from "#phone/transport.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { relayTransport } from "#phone/transports/relay.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { issueGrant } from "#trust/mint.ts";
import { seedSigner } from "#trust/signer.ts";
import { LEVEL, scopeOf } from "#wire/scope.ts";
import { OWN, PROVISIONED } from "#wire/stored-names.ts";
import { DOWN, UP, unitTopic } from "#wire/topics.ts";

const FLEET = "lamps";
const seedOf = (fill: number) => new Uint8Array(32).fill(fill);
const unitKey = primitives.ed25519PublicKey(seedOf(50));
const id = deviceIdOf(primitives, unitKey);
const device = toHex(id);
const TOPICS = { relay: unitTopic(FLEET, device, DOWN.relay), reply: unitTopic(FLEET, device, UP.reply) };
const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
const ownerSeed = seedOf(7);

const stored = new Map<string, Uint8Array>([
  [OWN.key, seedOf(50)],
  [OWN.provisioned, encodeCbor([])],
  [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
  [
    PROVISIONED.ownerGrant,
    issueGrant(issuer, {
      audience: { kind: "device", id },
      issuedAtS: 1_795_435_200,
      cti: primitives.random(8),
      holder: primitives.ed25519PublicKey(ownerSeed),
      scope: LEVEL.noFlash,
      epoch: 0,
      caveats: [],
    }),
  ],
]);

let calls: string[] = [];
let broker: Aedes;
let brokerServer: Server;
let unitServer: Server;
let unitClient: MqttClient;
let phoneClient: MqttClient;
/** Sockets that the phone is cut off from as soon as the unit has answered. */
let losesAnswers = 0;

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Performs what the gate decides, over real sockets and a real broker. */
function runGate(server: Server, client: MqttClient): void {
  const app = { rightOf: (name: string) => (name === "setLamp" ? ("call" as const) : undefined), names: () => [] };
  const gate = createGate({ crypto: primitives, app, tcpPort: 1 });
  let state = gate.initial;
  const sockets = new Map<number, Socket>();
  let connections = 0;
  let timer: NodeJS.Timeout | undefined;
  const topic = unitTopic(FLEET, device, "");

  const show = (event: Record<string, unknown> & { kind: DeviceEvent["kind"] }) => {
    const nowMs = performance.now();
    const step = gate.step(state, { ...event, nowMs } as unknown as DeviceEvent);
    state = step.state;
    clearTimeout(timer);
    if (step.wakeAtMs !== undefined) timer = setTimeout(() => show({ kind: "timer" }), step.wakeAtMs - nowMs).unref();
    for (const effect of step.effects) perform(effect);
  };
  const perform = (effect: Effect) => {
    if (effect.kind === "store") stored.set(effect.name, effect.value);
    else if (effect.kind === "call") {
      calls.push(effect.name);
      setImmediate(() => show({ kind: "called", id: effect.id, result: encodeCbor("done") }));
    } else if (effect.kind === "tcp-write") {
      if (losesAnswers > 0 && losesAnswers-- > 0) sockets.get(effect.connection)?.destroy();
      else sockets.get(effect.connection)?.write(effect.bytes);
    } else if (effect.kind === "tcp-close") sockets.get(effect.connection)?.end();
    else if (effect.kind === "emit" && effect.event.kind === "publish") {
      if (losesAnswers > 0 && losesAnswers-- > 0) return;
      client.publish(`${topic}${effect.event.topic}`, Buffer.from(effect.event.payload), { qos: 1 });
    }
  };
  server.on("connection", (socket) => {
    const connection = connections++;
    sockets.set(connection, socket);
    show({ kind: "tcp-accepted", connection, port: 1, peer: socket.remoteAddress ?? "" });
    socket.on("data", (bytes) => show({ kind: "tcp-data", connection, bytes: Uint8Array.from(bytes as Buffer) }));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(connection);
      show({ kind: "tcp-closed", connection });
    });
  });
  client.on("message", (name, payload) =>
    show({ kind: "link-message", topic: name.slice(topic.length), payload: Uint8Array.from(payload) }),
  );
  show({ kind: "start", stored: { get: (name: string) => stored.get(name), names: () => [] } });
}

beforeAll(async () => {
  broker = await Aedes.createBroker();
  // Nobody is anonymous, here neither.
  broker.authenticate = (_client, name, password, done) => done(null, name === "test" && `${password}` === "secret");
  brokerServer = createServer(broker.handle);
  unitServer = createServer();
  for (const server of [brokerServer, unitServer]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const url = `mqtt://127.0.0.1:${portOf(brokerServer)}`;
  const as = { username: "test", password: "secret" };
  [unitClient, phoneClient] = await Promise.all([connectAsync(url, as), connectAsync(url, as)]);
  await unitClient.subscribeAsync(unitTopic(FLEET, device, DOWN.relay), { qos: 1 });
  runGate(unitServer, unitClient);
});

afterAll(async () => {
  await Promise.all([unitClient.endAsync(true), phoneClient.endAsync(true)]);
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  for (const server of [brokerServer, unitServer]) server.close();
});

const doors: readonly [string, () => Promise<Transport>][] = [
  ["HTTP", async () => httpTransport({ host: "127.0.0.1", port: portOf(unitServer), timeoutMs: 4000 })],
  ["MQTT", () => relayTransport({ client: phoneClient, topics: TOPICS, timeoutMs: 4000 })],
];

describe.each(doors)("over %s", (_name, open) => {
  const session = async (holderSeed: Uint8Array, chain?: Uint8Array) => {
    const options = { primitives, transport: await open(), deviceId: id, holderSeed };
    const opened = await openSession(chain === undefined ? options : { ...options, chain });
    if (!opened.ok) throw new Error(opened.fault);
    return opened.value;
  };

  it("the owner calls, and a guest to whom he gave a narrower key", async () => {
    calls = [];
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
    expect(calls).toEqual(["setLamp", "setLamp"]);
    await guest.close();
    await owner.close();
  }, 40_000);

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
  }, 40_000);

  it("a lost answer makes no call run twice", async () => {
    calls = [];
    const owner = await session(ownerSeed);
    losesAnswers = 1;
    expect(await call(owner, "setLamp")).toEqual({ ok: true, value: "done" });
    expect(losesAnswers).toBe(0);
    expect(calls).toEqual(["setLamp"]);
    await owner.close();
  }, 40_000);

  it("a unit that doesn't answer is unreachable, not a failure of another kind", async () => {
    const transport = await open();
    losesAnswers = 100;
    const options = { primitives, transport, deviceId: id, holderSeed: ownerSeed, sendingsMax: 1 };
    expect(await openSession(options)).toEqual({ ok: false, fault: "SESSION_UNREACHABLE" });
    losesAnswers = 0;
    await transport.close();
  }, 40_000);
});
