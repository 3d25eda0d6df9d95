/**
 * The embedded broker: aedes (MQTT 3.1.1), which checks proofs itself. It stores nothing: what must outlive it is in
 * the cloud's store, and is sent again when a device connects (ADR 0071). It uses aedes by its public options only
 * (ADR 0106).
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from "aedes";
// Its types know the classes, and not the function that the package exports.
import * as memoryModule from "aedes-persistence";
import { fromHex } from "#base/bytes.ts";
import { callerRelayTopic, callerReplyTopic, isCallerName } from "#wire/link/caller-auth.ts";
import { fleetTopic, mayPublish, maySubscribe, parseTopic, UP, unitTopic } from "#wire/link/topics.ts";
import type { Broker, BrokerEvents, LinkedDevice } from "./broker.ts";
import { createCallerPasswords } from "./caller-passwords.ts";
import { publishToClient } from "./client-publish.ts";
import type { LinkGate } from "./link-gate.ts";
import { limitPackets, type PacketLimit } from "./packet-limit.ts";
import { createRetainedQuota } from "./retained-quota.ts";
import { createRetainedTopics } from "./retained-topics.ts";
import { createTopicEmitter } from "./topic-emitter.ts";

interface EmbeddedOptions {
  readonly host: string;
  readonly port: number;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

const { default: createMemory } = memoryModule as unknown as { default: () => object };

const NOT_AUTHORIZED = 5;
const BACKLOG = 4_096;
/** A client that has not proved who it is sends a CONNECT of about 500 bytes. */
const FIRST_PACKET_BYTES_MAX = 2_048;
/** The largest payload that a device has a reason to send, and the largest packet around it. */
const PAYLOAD_BYTES_MAX = 16_384;
const PACKET_BYTES_MAX = PAYLOAD_BYTES_MAX + 512;
/** A session's body, its tag, and what stands around them. */
const CALLER_PAYLOAD_BYTES_MAX = 2_080;

const refusal = (message: string) =>
  Object.assign(new Error(message), { returnCode: NOT_AUTHORIZED }) as AuthenticateError;

/** Listens. Rejects with the socket's error (EADDRINUSE and the like), which the command line puts into words. */
export async function startEmbeddedBroker(
  gate: LinkGate,
  events: BrokerEvents,
  options: EmbeddedOptions,
): Promise<Broker> {
  const linked = new WeakMap<Client, LinkedDevice>();
  const limits = new WeakMap<Client["conn"], PacketLimit>();
  const connected = new Map<string, Client>();
  const passwords = createCallerPasswords();
  const quota = createRetainedQuota();

  const signIn = async (id: string, username: string | undefined, password: string | undefined) => {
    if (username !== id) return refusal("no proof");
    if (isCallerName(id)) return passwords.spend(id, password) ? undefined : refusal("no proof");
    const proof = fromHex(password ?? "");
    if (proof === undefined) return refusal("no proof");
    const device = await gate.check(id, proof, options.nonceMs());
    return device.ok ? device.value : refusal(device.fault);
  };

  const mayCallerPublish = (name: string, packet: PublishPacket) =>
    packet.topic === callerRelayTopic(name) && packet.payload.length <= CALLER_PAYLOAD_BYTES_MAX;

  /** What is retained of a device: its state, and events as far as its share of memory goes. The rest is passed on. */
  const isRetained = (device: LinkedDevice, name: string, packet: PublishPacket) =>
    (name === UP.state || name.startsWith(`${UP.event}/`)) &&
    quota.take(device.id, packet.topic, packet.payload.length);

  const aedes = await Aedes.createBroker({
    mq: createTopicEmitter(),
    // Two functions of aedes' own memory are replaced by faster ones (ADR 0077).
    persistence: Object.assign(createMemory(), createRetainedTopics()),
    concurrency: 4_096,
    connectTimeout: 20_000,
    drainTimeout: 60_000,
    maxTopicLevels: 8,
    maxInflightInbound: 16,
    keepaliveLimit: 0,
    preConnect(_, packet, done) {
      // A session that outlives its connection would be kept in memory only; a device subscribes anew anyway.
      (packet as { clean: boolean }).clean = true;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      signIn(client.id, username, password?.toString("latin1")).then(
        (outcome) => {
          if (outcome instanceof Error) {
            events.refused();
            return done(outcome, null);
          }
          if (outcome !== undefined) linked.set(client, outcome);
          done(null, true);
        },
        () => done(refusal("the store failed"), null),
      );
    },
    authorizeSubscribe(client, subscription, done) {
      const device = linked.get(client);
      const may =
        device === undefined
          ? isCallerName(client.id) && subscription.topic === callerReplyTopic(client.id)
          : maySubscribe(device.fleet, device.id, subscription.topic);
      // null is the return code 0x80: refused, without ending the connection.
      done(null, may ? subscription : null);
    },
    authorizePublish(client, packet, done) {
      if (client !== null && isCallerName(client.id)) {
        if (!mayCallerPublish(client.id, packet)) return done(new Error("publishing there is not allowed"));
        packet.retain = false;
        events.callerSaid(client.id, Uint8Array.from(packet.payload as Buffer));
        return done();
      }
      const device = client === null ? undefined : linked.get(client);
      const topic = parseTopic(packet.topic);
      if (device === undefined || topic === undefined || !mayPublish(device.fleet, device.id, packet.topic)) {
        return done(new Error("publishing there is not allowed"));
      }
      if (packet.payload.length > PAYLOAD_BYTES_MAX) return done(new Error("payload too long"));
      packet.retain &&= isRetained(device, topic.name, packet);
      // aedes acknowledges a QoS 1 message before it forwards it, but after this: what must not be lost is kept here.
      const kept = events.message(device, topic.name, Uint8Array.from(packet.payload as Buffer));
      // QoS 0 is never acknowledged, so nobody waits for the disk.
      if (packet.qos === 0) done();
      kept.then(
        () => (packet.qos === 0 ? undefined : done()),
        () => (packet.qos === 0 ? undefined : done(new Error("the store failed"))),
      );
    },
  });
  aedes.on("clientReady", (client) => {
    connected.set(client.id, client);
    limits.get(client.conn)?.allow(PACKET_BYTES_MAX);
    const device = linked.get(client);
    if (device !== undefined) events.online(device);
  });
  aedes.on("clientDisconnect", (client) => {
    // A newer connection of the same client may have taken its place by now.
    if (connected.get(client.id) === client) connected.delete(client.id);
    if (isCallerName(client.id)) return events.callerGone(client.id);
    const device = linked.get(client);
    if (device !== undefined && !connected.has(client.id)) events.offline(device);
  });

  const accept = (socket: Socket) => {
    socket.setNoDelay(true);
    limits.set(socket, limitPackets(socket, FIRST_PACKET_BYTES_MAX));
    aedes.handle(socket);
  };
  const server: Server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, BACKLOG, resolve);
  }).catch(async (error: unknown) => {
    // aedes has timers of its own, which would keep the process alive.
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw error;
  });

  const publish = (topic: string, payload: Uint8Array, retain: boolean) =>
    new Promise<void>((resolve, reject) => {
      const bytes = Buffer.from(payload);
      const packet = { cmd: "publish" as const, topic, payload: bytes, qos: 1 as const, retain, dup: false };
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });

  return {
    port: (server.address() as AddressInfo).port,
    wantsProofs: false,
    speaksMqtt5: false,
    admit: () => Promise.resolve(),
    async admitCaller(name, password) {
      passwords.admit(name, password);
    },
    async dismissCaller(name) {
      passwords.forget(name);
      connected.get(name)?.close();
    },
    async toCaller(name, payload) {
      const client = connected.get(name);
      if (client !== undefined) await publishToClient(client, callerReplyTopic(name), payload);
    },
    toDevice(device, name, payload, retain) {
      const topic = unitTopic(device.fleet, device.id, name);
      if (retain) return publish(topic, payload, true).then(() => true);
      const client = connected.get(device.id);
      return client === undefined ? Promise.resolve(false) : publishToClient(client, topic, payload);
    },
    toFleet: (fleet, name, payload) => publish(fleetTopic(fleet, name), payload, true),
    settled: async () => {
      // Ours are in the socket already; aedes hands its own over one turn of the event loop later.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    close: () =>
      new Promise((resolve) => {
        server.close();
        aedes.close(() => resolve());
      }),
  };
}
