/**
 * An MQTT conversation once it is connected: packet identifiers, what is not acknowledged yet, aliases, keep-alive. It
 * lives as long as its connection; what nobody acknowledged is handed to the next one.
 * @source MQTT 3.1.1 sections 3.1.2.10 and 4.4, MQTT 5 sections 3.3.2.3.4 and 4.9
 */
import { encodePingreq, encodePuback, encodePublish, type MqttVersion, type ServerPacket } from "#codec/mqtt.ts";
import type { MqttProperties } from "#codec/mqtt-properties.ts";
import type { PacketReader } from "./link-packets.ts";
import type { LinkTimes } from "./link-settings.ts";

export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1;
}

export interface Heard {
  readonly replies: readonly Uint8Array[];
  readonly message: { readonly topic: string; readonly payload: Uint8Array } | undefined;
}

export interface Conversation {
  readonly reader: PacketReader;
  /** What the server allows (CONNACK of MQTT 5). */
  limits(properties: MqttProperties): void;
  packetId(): number;
  /** Starts the keep-alive and sends again what the last conversation could not deliver. */
  begin(nowMs: number, unacknowledged: readonly Uint8Array[]): readonly Uint8Array[];
  publish(outgoing: Outgoing, nowMs: number): readonly Uint8Array[];
  /** Undefined for a packet that makes no sense here. */
  take(packet: ServerPacket, nowMs: number): Heard | undefined;
  /** What is to be sent by now; "dead" when the server owes an answer for too long. */
  due(nowMs: number): readonly Uint8Array[] | "dead";
  wakeAtMs(): number;
  unacknowledged(): readonly Uint8Array[];
}

/** MQTT 5: what the unit asks and nobody fetched in this time is not worth delivering. */
const MESSAGE_EXPIRY_S = 60;
/** Messages that wait for their acknowledgement or their turn; what comes on top is dropped. */
const QUEUE_MAX = 16;

export function createConversation(version: MqttVersion, times: LinkTimes, reader: PacketReader): Conversation {
  const inFlight = new Map<number, { readonly packet: Uint8Array; readonly sentMs: number }>();
  const queue: Outgoing[] = [];
  const aliases = new Map<number, string>();
  let lastId = 0;
  let receiveMaximum = 8;
  let keepAliveMs = times.keepAliveS * 1000;
  let sentMs = Number.POSITIVE_INFINITY;
  let pingMs = Number.POSITIVE_INFINITY;

  function packetId(): number {
    do lastId = (lastId % 65535) + 1;
    while (inFlight.has(lastId));
    return lastId;
  }

  /** When the message was sent that waits longest for its acknowledgement. */
  function oldestMs(): number {
    return Math.min(...[...inFlight.values()].map((each) => each.sentMs));
  }

  function send(outgoing: Outgoing, nowMs: number): Uint8Array {
    const id = outgoing.qos === 1 ? packetId() : 0;
    const properties = outgoing.retain ? {} : { messageExpiryS: MESSAGE_EXPIRY_S };
    const packet = encodePublish(version, { ...outgoing, packetId: id, isAgain: false, properties });
    if (id !== 0) inFlight.set(id, { packet, sentMs: nowMs });
    sentMs = nowMs;
    return packet;
  }

  /** The topic of a message, through the server's alias where it uses one. */
  function topicOf(packet: ServerPacket & { kind: "publish" }): string | undefined {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet.topic;
    if (packet.topic !== "") aliases.set(alias, packet.topic);
    return aliases.get(alias);
  }

  return {
    reader,
    packetId,
    limits(properties) {
      receiveMaximum = Math.min(receiveMaximum, properties.receiveMaximum ?? receiveMaximum);
      keepAliveMs = (properties.serverKeepAliveS ?? times.keepAliveS) * 1000;
    },
    begin(nowMs, unacknowledged) {
      sentMs = nowMs;
      return unacknowledged.slice(0, receiveMaximum).map((packet) => {
        const id = packetId();
        const again = packet.slice();
        // Flags and packet identifier are where they were: only the DUP bit and the number change.
        again[0] = (again[0] as number) | 8;
        const topicAt = 1 + lengthBytesOf(again);
        const idAt = topicAt + 2 + (((again[topicAt] as number) << 8) | (again[topicAt + 1] as number));
        again[idAt] = id >> 8;
        again[idAt + 1] = id & 255;
        inFlight.set(id, { packet: again, sentMs: nowMs });
        return again;
      });
    },
    publish(outgoing, nowMs) {
      if (outgoing.qos === 0 || inFlight.size < receiveMaximum) return [send(outgoing, nowMs)];
      if (queue.length < QUEUE_MAX) queue.push(outgoing);
      return [];
    },
    take(packet, nowMs) {
      if (packet.kind === "pingresp") {
        pingMs = Number.POSITIVE_INFINITY;
        return { replies: [], message: undefined };
      }
      if (packet.kind === "puback") {
        inFlight.delete(packet.packetId);
        const next = inFlight.size < receiveMaximum ? queue.shift() : undefined;
        return { replies: next === undefined ? [] : [send(next, nowMs)], message: undefined };
      }
      if (packet.kind === "unsuback") return { replies: [], message: undefined };
      if (packet.kind !== "publish") return undefined;
      const topic = topicOf(packet);
      if (topic === undefined) return undefined;
      if (packet.qos === 1) sentMs = nowMs;
      const replies = packet.qos === 1 ? [encodePuback(packet.packetId)] : [];
      return { replies, message: { topic, payload: packet.payload } };
    },
    due(nowMs) {
      if (nowMs >= Math.min(oldestMs(), pingMs) + times.answerMs) return "dead";
      if (nowMs < sentMs + keepAliveMs / 2 || pingMs !== Number.POSITIVE_INFINITY) return [];
      pingMs = nowMs;
      sentMs = nowMs;
      return [encodePingreq()];
    },
    wakeAtMs() {
      const owedMs = Math.min(oldestMs(), pingMs) + times.answerMs;
      return pingMs === Number.POSITIVE_INFINITY ? Math.min(sentMs + keepAliveMs / 2, owedMs) : owedMs;
    },
    unacknowledged: () => [...inFlight.values()].map((each) => each.packet),
  };
}

/** How many bytes a packet's length field takes. */
function lengthBytesOf(packet: Uint8Array): number {
  let bytes = 1;
  while (((packet[bytes] as number) & 128) !== 0) bytes++;
  return bytes;
}
