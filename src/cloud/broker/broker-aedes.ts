/**
 * The embedded broker: aedes (MQTT 3.1.1), which checks proofs itself. It keeps nothing: what must outlive it stands in
 * the store, and is said again when a device connects (ADR 0071).
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type Connection } from "aedes";
import { fromHex } from "#base/bytes.ts";
import { callerRelayTopic, callerReplyTopic, isCallerName } from "#wire/link/caller-auth.ts";
import { fleetTopic, mayPublish, maySubscribe, parseTopic, unitTopic } from "#wire/link/topics.ts";
import type { Broker, BrokerEvents, LinkedDevice } from "./broker.ts";
import type { LinkGate } from "./link-gate.ts";
import { createRetainedTopics } from "./retained-topics.ts";
import { createTopicEmitter } from "./topic-emitter.ts";

export interface EmbeddedOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

const NOT_AUTHORIZED = 5;

/** Largest packet that a device has a reason to send; a longer one ends the connection before it fills our memory. */
const PAYLOAD_BYTES_MAX = 16_384;
/** A session's body, its tag, and what stands around them. */
const CALLER_PAYLOAD_BYTES_MAX = 2_080;
/** A caller's password that was not used within this time is forgotten. */
const PASSWORD_LIFE_MS = 60_000;

function refusal(message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode: NOT_AUTHORIZED }) as AuthenticateError;
}

/** Listens. Rejects with the socket's error (EADDRINUSE and the like), which the command line puts into words. */
export async function startEmbeddedBroker(
  gate: LinkGate,
  events: BrokerEvents,
  options: EmbeddedOptions,
): Promise<Broker> {
  const linked = new WeakMap<Client, LinkedDevice>();
  /** Callers that were let in and have not connected yet. */
  const admitted = new Map<string, string>();
  const aedes = await Aedes.createBroker({
    mq: createTopicEmitter(),
    concurrency: 4_096,
    connectTimeout: 20_000,
    drainTimeout: 60_000,
    maxTopicLevels: 8,
    keepaliveLimit: 0,
    preConnect(client, packet, done) {
      // A session that outlives its connection would be kept in memory only; a device subscribes anew anyway.
      (packet as { clean: boolean }).clean = true;
      void client;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      if (isCallerName(client.id)) {
        const isGood = username === client.id && admitted.get(client.id) === password?.toString("latin1");
        if (isGood) admitted.delete(client.id);
        else events.refused();
        return isGood ? done(null, true) : done(refusal("no proof"), null);
      }
      const proof = fromHex(password?.toString("latin1") ?? "");
      if (proof === undefined || username !== client.id) {
        events.refused();
        return done(refusal("no proof"), null);
      }
      const device = gate.check(client.id, proof, Date.now());
      if (!device.ok) {
        events.refused();
        return done(refusal(device.fault), null);
      }
      linked.set(client, device.value);
      done(null, true);
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
        const isHis = packet.topic === callerRelayTopic(client.id) && packet.payload.length <= CALLER_PAYLOAD_BYTES_MAX;
        if (!isHis) return done(new Error("publishing there is not allowed"));
        packet.retain = false;
        events.callerSaid(client.id, Uint8Array.from(packet.payload as Buffer));
        return done();
      }
      const device = client === null ? undefined : linked.get(client);
      if (device === undefined || !mayPublish(device.fleet, device.id, packet.topic)) {
        return done(new Error("publishing there is not allowed"));
      }
      if (packet.payload.length > PAYLOAD_BYTES_MAX) return done(new Error("payload too long"));
      const topic = parseTopic(packet.topic);
      if (topic === undefined) return done(new Error("publishing there is not allowed"));
      // aedes acknowledges a QoS 1 message before it hands it on, but after this: what must not be lost is kept here.
      const kept = events.message(device, topic.name, Uint8Array.from(packet.payload as Buffer));
      // QoS 0 is never acknowledged, so nobody waits for the disk.
      if (packet.qos === 0) done();
      kept.then(
        () => (packet.qos === 0 ? undefined : done()),
        () => (packet.qos === 0 ? undefined : done(new Error("the store failed"))),
      );
    },
  });
  // In the place of the two functions that aedes calls for retained messages (ADR 0077).
  Object.assign((aedes as unknown as { persistence: object }).persistence, createRetainedTopics());
  aedes.on("clientReady", (client) => {
    const device = linked.get(client);
    if (device !== undefined) events.online(device);
  });
  aedes.on("clientDisconnect", (client) => {
    if (isCallerName(client.id)) return events.callerGone(client.id);
    const device = linked.get(client);
    // A newer connection of the same device may have taken its place by now.
    if (device !== undefined && clients(aedes)[device.id] === undefined) events.offline(device);
  });

  const accept = (socket: Socket) => {
    socket.setNoDelay(true);
    aedes.handle(socket);
  };
  const server: Server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, 4_096, resolve);
  });

  const publish = (topic: string, payload: Uint8Array, retain: boolean) =>
    new Promise<void>((resolve, reject) => {
      const packet = {
        cmd: "publish" as const,
        topic,
        payload: Buffer.from(payload),
        qos: 1 as const,
        retain,
        dup: false,
      };
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });

  return {
    port: (server.address() as AddressInfo).port,
    wantsProofs: false,
    admit: () => Promise.resolve(),
    async admitCaller(name, password) {
      admitted.set(name, password);
      setTimeout(() => admitted.delete(name), PASSWORD_LIFE_MS).unref();
    },
    async dismissCaller(name) {
      admitted.delete(name);
      clients(aedes)[name]?.close();
    },
    async toCaller(name, payload) {
      const client = clients(aedes)[name];
      if (client?.connected) await writePublish(client.conn, callerReplyTopic(name), payload);
    },
    toDevice(device, name, payload, retain) {
      const topic = unitTopic(device.fleet, device.id, name);
      if (retain) return publish(topic, payload, true).then(() => true);
      const client = clients(aedes)[device.id];
      if (client === undefined || !client.connected) return Promise.resolve(false);
      return writePublish(client.conn, topic, payload);
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

/**
 * Writes a QoS 0 PUBLISH (MQTT 3.1.1 section 3.3) straight to the one client that may hear it. aedes would match its topic,
 * copy it twice and wait two turns of the event loop. Packets stay whole, since each is written in one go.
 */
function writePublish(connection: Connection, topic: string, payload: Uint8Array): Promise<boolean> {
  const name = Buffer.from(topic, "latin1");
  const head = Buffer.alloc(1 + 4 + 2);
  let at = 0;
  head[at++] = 0x30;
  for (let left = 2 + name.length + payload.length; ; left >>>= 7) {
    head[at++] = left > 127 ? (left & 127) | 128 : left;
    if (left <= 127) break;
  }
  at = head.writeUInt16BE(name.length, at);
  connection.cork();
  connection.write(Buffer.concat([head.subarray(0, at), name]));
  const hasRoom = connection.write(payload);
  connection.uncork();
  if (hasRoom) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => {
      connection.off("drain", onDrain);
      connection.off("close", onClose);
      resolve(isThere);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    connection.on("drain", onDrain);
    connection.on("close", onClose);
  });
}

/** aedes documents its table of clients but does not type it. */
function clients(aedes: Aedes): Readonly<Record<string, Client | undefined>> {
  return (aedes as unknown as { clients: Record<string, Client | undefined> }).clients;
}
