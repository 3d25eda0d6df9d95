/**
 * The maker's cloud in the simulated home: its core as in the process, reached over connections without sockets. It
 * may be killed at any time, as by kill -9, and starts again from its store.
 */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt-packet";
import { fromHex, toHex } from "#base/bytes.ts";
import type { LinkedDevice } from "#cloud/broker/broker.ts";
import { createLinkGate } from "#cloud/broker/link-gate.ts";
import { createNonces, NONCE_KEY_BYTES } from "#cloud/broker/nonces.ts";
import { type Core, openCore } from "#cloud/core.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { openStore } from "#cloud/store/store.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeNonceAnswer } from "#wire/link/link-auth.ts";
import { DOWN, mayPublish, maySubscribe, parseTopic, unitTopic } from "#wire/link/topics.ts";

export const CLOUD = { host: "cloud", mqttPort: 1883, httpPort: 80, broker: "seeded" } as const;
/** A client that says nothing for one and a half of its keep-alive is gone (MQTT 3.1.1 section 3.1.2.10). */
const SILENT_MS = 90_000;
const TICK_MS = 5_000;

/** One end of a connection; what it is handed arrives at the other end. */
export interface WireEnd {
  data(bytes: Uint8Array): void;
  closed(): void;
}

interface HomeCloudOptions {
  readonly folder: string;
  readonly timestampSigner: TimestampSigner;
  nowMs(): number;
  randomFraction(): number;
  after(ms: number, work: () => void): void;
  /** Holds the world's time still until the work is done. */
  hold(work: Promise<unknown>): void;
  /** A block leaves. */
  sentBlock(payload: Uint8Array): void;
}

export interface HomeCloud {
  readonly core: Core | undefined;
  open(): Promise<void>;
  /** Ends at once; what is not on the disk is gone. */
  kill(): void;
  /** @returns Our end, or undefined when nobody listens. */
  accept(port: number, unit: WireEnd): WireEnd | undefined;
}

interface Connection {
  readonly unit: WireEnd;
  device: LinkedDevice | undefined;
  heardMs: number;
  lastId: number;
}

export function createHomeCloud(options: HomeCloudOptions): HomeCloud {
  const { folder, timestampSigner, nowMs, hold } = options;
  let core: Core | undefined;
  let gate: ReturnType<typeof createLinkGate> | undefined;
  const nonces = createNonces(new Uint8Array(NONCE_KEY_BYTES), nodePrimitives.random);
  let life = 0;
  const connections = new Set<Connection>();

  function drop(connection: Connection): void {
    if (!connections.delete(connection)) return;
    if (connection.device !== undefined) core?.deviceMessages.offline(connection.device);
    connection.unit.closed();
  }
  function send(to: LinkedDevice, name: string, payload: Uint8Array): Promise<boolean> {
    const connection = [...connections].find(({ device }) => device?.id === to.id);
    if (connection === undefined) return Promise.resolve(false);
    if (name === DOWN.block) options.sentBlock(payload);
    connection.lastId = (connection.lastId % 65_535) + 1;
    const quality = name === DOWN.block ? { qos: 0 } : { qos: 1, messageId: connection.lastId };
    const topic = unitTopic(to.fleet, to.id, name);
    const packet = { cmd: "publish", topic, payload: Buffer.from(payload), dup: false, retain: false, ...quality };
    connection.unit.data(mqtt.generate(packet as mqtt.IPublishPacket));
    return Promise.resolve(true);
  }

  function answerHttp(request: Uint8Array, unit: WireEnd): void {
    const text = Buffer.from(request).toString("latin1");
    const headEnd = text.indexOf("\r\n\r\n");
    const body = request.slice(headEnd + 4);
    if (headEnd < 0 || body.length < Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0)) return;
    const nonce = text.startsWith("POST /nonce ") ? nonces.give(toHex(body), nowMs()) : undefined;
    const answer = nonce === undefined ? new Uint8Array(0) : encodeNonceAnswer({ nonce, register: false });
    const head = `HTTP/1.1 ${nonce !== undefined ? "200 OK" : "404 Not Found"}\r\nContent-Length: ${answer.length}\r\n\r\n`;
    unit.data(Buffer.concat([Buffer.from(head), answer]));
  }

  async function answerMqtt(connection: Connection, packet: mqtt.Packet): Promise<void> {
    const { unit, device } = connection;
    const deviceMessages = core?.deviceMessages;
    connection.heardMs = nowMs();
    if (packet.cmd === "connect") {
      const proof = fromHex(packet.password?.toString() ?? "") ?? new Uint8Array(0);
      const checked = await gate?.check(packet.clientId, proof, nowMs());
      unit.data(mqtt.generate({ cmd: "connack", returnCode: checked?.ok ? 0 : 5, sessionPresent: false }));
      if (!checked?.ok) return drop(connection);
      for (const other of connections) if (other.device?.id === packet.clientId) drop(other);
      connection.device = checked.value;
      return deviceMessages?.online(checked.value);
    }
    if (device === undefined) return drop(connection);
    if (packet.cmd === "subscribe") {
      const granted = packet.subscriptions.map(({ topic, qos }) =>
        maySubscribe(device.fleet, device.id, topic) ? qos : 128,
      );
      unit.data(mqtt.generate({ cmd: "suback", messageId: packet.messageId as number, granted }));
    } else if (packet.cmd === "publish") {
      if (!mayPublish(device.fleet, device.id, packet.topic)) return drop(connection);
      const name = parseTopic(packet.topic)?.name ?? "";
      await deviceMessages?.message(device, name, new Uint8Array(Buffer.from(packet.payload)));
      if (packet.qos === 1) unit.data(mqtt.generate({ cmd: "puback", messageId: packet.messageId as number }));
    } else if (packet.cmd === "pingreq") unit.data(mqtt.generate({ cmd: "pingresp" }));
    else if (packet.cmd === "disconnect") drop(connection);
  }

  function tick(mine: number): void {
    if (mine !== life) return;
    for (const connection of connections) if (nowMs() - connection.heardMs > SILENT_MS) drop(connection);
    if (core !== undefined) {
      const { deviceMessages, rollouts } = core;
      hold(rollouts.tick(nowMs()).then((products) => deviceMessages.offerAgain(products)));
    }
    options.after(TICK_MS, () => tick(mine));
  }

  return {
    get core() {
      return core;
    },
    async open() {
      const store = await openStore(join(folder, `cloud-${life}.db`), "kill");
      core = await openCore({
        store,
        timestampSigner,
        nowMs,
        steadyMs: nowMs,
        randomFraction: options.randomFraction,
        send,
        onFatal: () => undefined,
      });
      const { fleet, queue } = core;
      gate = createLinkGate({ broker: CLOUD.broker, fleet, nonces, primitives: nodePrimitives, commit: queue.commit });
      tick(life);
    },
    kill() {
      core = undefined;
      for (const end of ["", "-wal"]) {
        copyFileSync(join(folder, `cloud-${life}.db${end}`), join(folder, `cloud-${life + 1}.db${end}`));
      }
      life++;
      for (const connection of connections) drop(connection);
    },
    accept(port, unit) {
      if (core === undefined) return undefined;
      if (port === CLOUD.httpPort) {
        let request = Buffer.alloc(0);
        return {
          data(bytes) {
            request = Buffer.concat([request, bytes]);
            answerHttp(request, unit);
          },
          closed: () => undefined,
        };
      }
      const connection: Connection = { unit, device: undefined, heardMs: nowMs(), lastId: 0 };
      const parser = mqtt.parser();
      // One packet after the other, as they came: an acknowledgement waits for the disk.
      let turn: Promise<void> = Promise.resolve();
      connections.add(connection);
      parser.on("packet", (packet) => {
        turn = turn.then(() => (connections.has(connection) ? answerMqtt(connection, packet) : undefined));
        hold(turn);
      });
      parser.on("error", () => drop(connection));
      return { data: (bytes) => void parser.parse(Buffer.from(bytes)), closed: () => drop(connection) };
    },
  };
}
