/** Thousands of units on real sockets in one process: as little MQTT as a unit needs, so that the server is what is measured. */
import { connect, type Socket } from "node:net";
import mqttPacket from "mqtt-packet";
import { fromHex, toHex } from "#base/bytes.ts";
import { createFleetUnit, type FleetUnit, type Message, rememberingOpen } from "#boards/sim/host/fleet-unit.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { linkPassword, linkToBeSigned } from "#wire/link/link-auth.ts";
import { DOWN, unitTopic } from "#wire/link/topics.ts";
import type { Keyset } from "#wire/releases/keyset.ts";

const FLEET = "bench";
const PUBLISH = 3;
const CONNACK = 2;
const SUBACK = 9;
const PINGRESP = 13;
const PINGREQ = Buffer.from([0xc0, 0]);

export interface DrivenUnit {
  readonly id: string;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly model: FleetUnit;
}

/** `count` units, the same every time; those of another `first` are others. */
export function drivenUnits(count: number, product: string, keyset: Keyset, first = 0): readonly DrivenUnit[] {
  const open = rememberingOpen();
  return Array.from({ length: count }, (_, number) => {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, first + number + 1);
    const publicKey = nodePrimitives.ed25519PublicKey(seed);
    const crypto = nodePrimitives;
    const fateOf = () => "works" as const;
    const model = createFleetUnit({
      crypto,
      product,
      hardware: 1,
      keyset,
      deviceId: deviceIdOf(nodePrimitives, publicKey),
      random: nodePrimitives.random,
      fateOf,
      open,
    });
    return { id: toHex(deviceIdOf(nodePrimitives, publicKey)), seed, publicKey, model };
  });
}

/** The password of a unit for one connection, over a nonce that was fetched for it. */
export function passwordOf(unit: DrivenUnit, nonce: Uint8Array, broker: string): string {
  const signature = nodePrimitives.ed25519Sign(linkToBeSigned(broker, unit.id, nonce), unit.seed);
  return linkPassword({ nonce, publicKey: unit.publicKey, signature });
}

export const enrolment = (unit: DrivenUnit, product: string) => ({
  ...{ id: unit.id, publicKey: toHex(unit.publicKey), product, hardware: 1, fleet: FLEET },
});

export const idBytes = (unit: DrivenUnit) => Buffer.from(fromHex(unit.id) as Uint8Array);

/** Splits a byte stream into MQTT packets; gives type and body, the body a view. */
function createSplitter(take: (type: number, body: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      let shift = 0;
      for (; at < data.length; shift += 7) {
        const byte = data[at++] as number;
        length |= (byte & 127) << shift;
        if (byte < 128) break;
        if (at === data.length) at = data.length + 1;
      }
      if (data.length < 2 || at > data.length || ((data[at - 1] as number) & 128) !== 0 || data.length < at + length)
        break;
      take((data[0] as number) >> 4, data.subarray(at, at + length));
      data = data.subarray(at + length);
    }
    rest = data;
  };
}

/** Does `work` for every item, a few of them at the same time. */
export async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++] as Item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

export interface DrivenLink {
  /** Milliseconds until the broker answered a PINGREQ. Rejects when the connection ends first. */
  ping(): Promise<number>;
  readonly isOpen: boolean;
  close(): void;
}

/**
 * Connects, subscribes and says hello; resolves once the subscription stands. Rejects when refused.
 * @param localAddress The loopback address to come from: each has ports of its own.
 */
export function drive(
  unit: DrivenUnit,
  port: number,
  password: string,
  onDone: () => void,
  localAddress = "127.0.0.1",
): Promise<DrivenLink> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.setNoDelay(true);
    const pings: { readonly sentMs: number; answered(ms: number): void; lost(error: Error): void }[] = [];
    const link: DrivenLink = {
      ping: () =>
        new Promise<number>((answered, lost) => {
          if (socket.destroyed) return lost(new Error("closed"));
          pings.push({ sentMs: performance.now(), answered, lost });
          socket.write(PINGREQ);
        }),
      get isOpen() {
        return socket.readyState === "open";
      },
      close: () => socket.destroy(),
    };
    const topicOf = (name: string) => unitTopic(FLEET, unit.id, name);
    const say = (messages: readonly Message[]) => {
      for (const { name, payload } of messages) {
        const bytes = Buffer.from(payload);
        socket.write(
          mqttPacket.generate({
            cmd: "publish",
            topic: topicOf(name),
            payload: bytes,
            qos: 0,
            dup: false,
            retain: name === "state",
          }),
        );
      }
    };
    const prefix = topicOf("").length;
    let isDone = false;
    const split = createSplitter((type, body) => {
      if (type === CONNACK) {
        if (body[1] !== 0) return socket.destroy(new Error(`refused: ${body[1]}`));
        const topics = [DOWN.release, DOWN.fresh, DOWN.block].map((name) => ({
          topic: topicOf(name),
          qos: 0 as const,
        }));
        socket.write(mqttPacket.generate({ cmd: "subscribe", messageId: 1, subscriptions: topics }));
      } else if (type === SUBACK) {
        say(unit.model.connected());
        resolve(link);
      } else if (type === PINGRESP) {
        const ping = pings.shift();
        ping?.answered(performance.now() - ping.sentMs);
      } else if (type === PUBLISH) {
        const topicEnd = 2 + body.readUInt16BE(0);
        const name = body.toString("latin1", 2 + prefix, topicEnd);
        const view = body.subarray(topicEnd);
        const payload = new Uint8Array(view.buffer, view.byteOffset, view.length);
        const { says, restart } = unit.model.heard(name, payload);
        say(says);
        // What is measured ends with the verified image; the trial is the unit's own time.
        if (!isDone && (restart || unit.model.truth.stage === "verified" || unit.model.truth.sequence > 0)) {
          isDone = true;
          onDone();
        }
      }
    });
    socket.on("data", split);
    socket.on("error", reject);
    socket.on("close", () => {
      for (const { lost } of pings.splice(0)) lost(new Error("closed"));
      reject(new Error("closed"));
    });
    const { id } = unit;
    socket.write(
      mqttPacket.generate({
        ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId: id, keepalive: 600 },
        ...{ username: id, password: Buffer.from(password) },
        will: { topic: topicOf("state"), payload: Buffer.alloc(0), qos: 0, retain: true },
      }),
    );
  });
}
