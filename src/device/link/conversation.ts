/**
 * The state of a connected MQTT session: packet identifiers, unacknowledged messages, aliases, keep-alive. It
 * lives as long as its connection; what nobody acknowledged is handed to the next one.
 * @source MQTT 3.1.1 sections 3.1.2.10 and 4.4, MQTT 5 sections 3.3.2.3.4 and 4.9
 */
import { encodePingreq, encodePuback, encodePublish, type MqttVersion, type ServerPacket } from "#codec/mqtt.ts";
import type { MqttProperties } from "#codec/mqtt-properties.ts";
import type { PacketReader } from "./packets.ts";
import type { LinkTimes } from "./settings.ts";

interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1;
}

interface Heard {
  readonly replies: readonly Uint8Array[];
  readonly message: { readonly topic: string; readonly payload: Uint8Array } | undefined;
}

interface Unacknowledged {
  readonly packet: Uint8Array;
  readonly sentMs: number;
}

export interface Conversation {
  readonly version: MqttVersion;
  readonly times: LinkTimes;
  readonly reader: PacketReader;
  readonly inFlight: Map<number, Unacknowledged>;
  readonly queue: Outgoing[];
  readonly aliases: Map<number, string>;
  /** Topics that the server knows by a number of ours, from 1 on, and how many it takes. */
  readonly said: string[];
  saidMax: number;
  lastId: number;
  receiveMaximum: number;
  keepAliveMs: number;
  sentMs: number;
  /** When a ping was sent that is not answered yet. */
  pingMs: number;
}

/** However often, or seldom, a server wants to hear of the unit: 0 would mean all the time, a day that it is not missed. */
const KEEP_ALIVE_LEAST_S = 1;
const KEEP_ALIVE_MAX_S = 600;
/** MQTT 5: what the unit asks and nobody fetched in this time is not worth delivering. */
const MESSAGE_EXPIRY_S = 60;
/** How many topics the unit lets the server say by number. */
export const ALIASES_MAX = 8;
/** Messages that wait for their acknowledgement or their turn; what comes on top is dropped. */
const QUEUE_MAX = 16;

export function createConversation(version: MqttVersion, times: LinkTimes, reader: PacketReader): Conversation {
  return {
    version,
    times,
    reader,
    inFlight: new Map(),
    queue: [],
    aliases: new Map(),
    said: [],
    saidMax: 0,
    lastId: 0,
    receiveMaximum: 8,
    keepAliveMs: times.keepAliveS * 1000,
    sentMs: Number.POSITIVE_INFINITY,
    pingMs: Number.POSITIVE_INFINITY,
  };
}

export function nextPacketId(conversation: Conversation): number {
  do conversation.lastId = (conversation.lastId % 65535) + 1;
  while (conversation.inFlight.has(conversation.lastId));
  return conversation.lastId;
}

/** Takes what the server allows (CONNACK of MQTT 5). */
export function setLimits(conversation: Conversation, properties: MqttProperties): void {
  const { receiveMaximum, times } = conversation;
  conversation.receiveMaximum = Math.max(1, Math.min(receiveMaximum, properties.receiveMaximum ?? receiveMaximum));
  conversation.saidMax = properties.topicAliasMaximum ?? 0;
  const keepAliveS = properties.serverKeepAliveS ?? times.keepAliveS;
  conversation.keepAliveMs = 1000 * Math.min(KEEP_ALIVE_MAX_S, Math.max(KEEP_ALIVE_LEAST_S, keepAliveS));
}

/** Starts the keep-alive and sends again what the last conversation could not deliver. */
export function beginConversation(
  conversation: Conversation,
  nowMs: number,
  unsent: readonly Uint8Array[],
): readonly Uint8Array[] {
  conversation.sentMs = nowMs;
  return unsent.slice(0, conversation.receiveMaximum).map((packet) => {
    const id = nextPacketId(conversation);
    const again = packet.slice();
    // Flags and packet identifier are where they were: only the DUP bit and the number change.
    again[0] = (again[0] as number) | 8;
    const topicAt = 1 + lengthBytesOf(again);
    const idAt = topicAt + 2 + (((again[topicAt] as number) << 8) | (again[topicAt + 1] as number));
    again[idAt] = id >> 8;
    again[idAt + 1] = id & 255;
    conversation.inFlight.set(id, { packet: again, sentMs: nowMs });
    return again;
  });
}

/**
 * A topic, or the server's number for it once it was said. Not where the message may have to be said again: the next
 * conversation knows no numbers of this one.
 */
function named({ said, saidMax }: Conversation, { topic, qos }: Outgoing): { topic: string; topicAlias?: number } {
  const number = said.indexOf(topic) + 1;
  if (qos !== 0 || (number === 0 && said.length >= saidMax)) return { topic };
  return number === 0 ? { topic, topicAlias: said.push(topic) } : { topic: "", topicAlias: number };
}

function send(conversation: Conversation, outgoing: Outgoing, nowMs: number): Uint8Array {
  const id = outgoing.qos === 1 ? nextPacketId(conversation) : 0;
  const { topic, ...alias } = named(conversation, outgoing);
  const properties = { ...alias, ...(outgoing.retain ? {} : { messageExpiryS: MESSAGE_EXPIRY_S }) };
  const packet = encodePublish(conversation.version, { ...outgoing, topic, packetId: id, isAgain: false, properties });
  if (id !== 0) conversation.inFlight.set(id, { packet, sentMs: nowMs });
  conversation.sentMs = nowMs;
  return packet;
}

export function publishIn(conversation: Conversation, outgoing: Outgoing, nowMs: number): readonly Uint8Array[] {
  const { inFlight, receiveMaximum, queue } = conversation;
  if (outgoing.qos === 0 || inFlight.size < receiveMaximum) return [send(conversation, outgoing, nowMs)];
  if (queue.length < QUEUE_MAX) queue.push(outgoing);
  return [];
}

/** A unit's own topics have no more characters; a longer one would only fill the table of aliases. */
const TOPIC_MAX = 160;

/** The topic of a message, through the server's alias where it uses one. */
function topicOf({ aliases }: Conversation, packet: ServerPacket & { kind: "publish" }): string | undefined {
  const alias = packet.properties?.topicAlias;
  if (packet.topic.length > TOPIC_MAX) return undefined;
  if (alias === undefined) return packet.topic;
  if (alias < 1 || alias > ALIASES_MAX) return undefined;
  if (packet.topic !== "") aliases.set(alias, packet.topic);
  return aliases.get(alias);
}

/** Undefined for a packet that makes no sense here. */
export function takePacket(conversation: Conversation, packet: ServerPacket, nowMs: number): Heard | undefined {
  const { inFlight, receiveMaximum, queue } = conversation;
  switch (packet.kind) {
    case "pingresp":
      conversation.pingMs = Number.POSITIVE_INFINITY;
      return { replies: [], message: undefined };
    case "puback": {
      inFlight.delete(packet.packetId);
      const next = inFlight.size < receiveMaximum ? queue.shift() : undefined;
      return { replies: next === undefined ? [] : [send(conversation, next, nowMs)], message: undefined };
    }
    case "unsuback":
      return { replies: [], message: undefined };
    case "publish": {
      const topic = topicOf(conversation, packet);
      if (topic === undefined) return undefined;
      if (packet.qos === 1) conversation.sentMs = nowMs;
      const replies = packet.qos === 1 ? [encodePuback(packet.packetId)] : [];
      return { replies, message: { topic, payload: packet.payload } };
    }
    default:
      return undefined;
  }
}

/** When the message was sent, or the ping, that waits longest for its answer. */
function oldestMs({ inFlight, pingMs }: Conversation): number {
  return Math.min(pingMs, ...[...inFlight.values()].map((each) => each.sentMs));
}

/** What is to be sent by now; "dead" when the server owes an answer for too long. */
export function dueBy(conversation: Conversation, nowMs: number): readonly Uint8Array[] | "dead" {
  const { times, sentMs, keepAliveMs, pingMs } = conversation;
  if (nowMs >= oldestMs(conversation) + times.answerMs) return "dead";
  if (nowMs < sentMs + keepAliveMs / 2 || pingMs !== Number.POSITIVE_INFINITY) return [];
  conversation.pingMs = nowMs;
  conversation.sentMs = nowMs;
  return [encodePingreq()];
}

export function conversationWakeAtMs(conversation: Conversation): number {
  const { times, sentMs, keepAliveMs, pingMs } = conversation;
  const owedMs = oldestMs(conversation) + times.answerMs;
  return pingMs === Number.POSITIVE_INFINITY ? Math.min(sentMs + keepAliveMs / 2, owedMs) : owedMs;
}

export function unacknowledged({ inFlight }: Conversation): readonly Uint8Array[] {
  return [...inFlight.values()].map((each) => each.packet);
}

/** How many bytes a packet's length field takes. */
function lengthBytesOf(packet: Uint8Array): number {
  let bytes = 1;
  while (((packet[bytes] as number) & 128) !== 0) bytes++;
  return bytes;
}
