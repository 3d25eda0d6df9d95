/** The unit's MQTT exchange with the broker: CONNECT, SUBSCRIBE, then messages in both directions. */
import { viewOf } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { decodeServerPacket, encodeConnect, encodeDisconnect, encodeSubscribe } from "#codec/mqtt.ts";
import type { DeviceEvent } from "#device/machine.ts";
import { type LinkProof, linkPassword } from "#wire/link/link-auth.ts";
import { DOWN, subscribeRights, UP, unitTopic } from "#wire/link/topics.ts";
import {
  ALIASES_MAX,
  beginConversation,
  type Conversation,
  createConversation,
  nextPacketId,
  publishIn,
  setLimits,
  takePacket,
} from "./conversation.ts";
import { createPacketReader, nextPacket, pushBytes } from "./packets.ts";
import type { LinkSettings } from "./settings.ts";
import { fail, type Link, type LinkState, write } from "./state.ts";

/** A packet with one block of 4 KB, its topic and properties; what is longer is refused. */
const PACKET_BYTES_MAX = 4096 + 256;
const SESSION_EXPIRY_S = 86_400;
const PACKETS_AT_ONCE = 8;
/** Return codes by which a server says that it is overloaded: 3.1.1 code 3, MQTT 5 codes (section 3.2.2.2). */
const BUSY_CODES: ReadonlySet<number> = new Set([0x03, 0x88, 0x89, 0x97, 0x9f]);
const BUSY_S = 30;

export function sendConnect(link: Link, state: LinkState, nowMs: number): void {
  const settings = state.settings as LinkSettings;
  const packet = encodeConnect(state.version, {
    clientId: settings.deviceId,
    isClean: false,
    keepAliveS: link.times.keepAliveS,
    username: settings.deviceId,
    password: utf8(linkPassword(state.proof as LinkProof)),
    will: {
      topic: unitTopic(settings.fleet, settings.deviceId, UP.state),
      payload: new Uint8Array(0),
      qos: 1,
      retain: true,
    },
    properties: {
      sessionExpiryS: SESSION_EXPIRY_S,
      maximumPacketBytes: PACKET_BYTES_MAX,
      topicAliasMaximum: ALIASES_MAX,
    },
  });
  state.phase = "connack";
  state.deadlineMs = nowMs + link.times.answerMs;
  state.conversation = createConversation(state.version, link.times, createPacketReader(PACKET_BYTES_MAX));
  link.effects.push({ kind: "tcp-write", connection: state.connection, bytes: packet });
}

export function takeMqtt(link: Link, state: LinkState, nowMs: number, bytes: Uint8Array): void {
  const conversation = state.conversation as Conversation;
  if (!pushBytes(conversation.reader, bytes)) return fail(link, state, nowMs, "LINK_PACKET_SIZE");
  // The rest has its turn when what these bring about is done: a segment holds hundreds of the smallest packets.
  for (let count = 0; count < PACKETS_AT_ONCE && state.connection >= 0; count++) {
    const raw = nextPacket(conversation.reader);
    if (!raw.ok) return fail(link, state, nowMs, raw.fault);
    if (raw.value === undefined) return;
    const packet = decodeServerPacket(state.version, raw.value);
    if (!packet.ok) return fail(link, state, nowMs, packet.fault);
    const settings = state.settings as LinkSettings;
    const { value } = packet;
    if (state.phase === "connack") {
      if (value.kind !== "connack") return fail(link, state, nowMs, "LINK_PACKET");
      if (value.code !== 0) return fail(link, state, nowMs, "LINK_REFUSED", BUSY_CODES.has(value.code) ? BUSY_S : 0);
      setLimits(conversation, value.properties);
      const filters = subscribeRights(settings.fleet, settings.deviceId);
      const subscriptions = filters.map(
        (filter) => ({ filter, qos: filter.endsWith(`/${DOWN.block}`) ? 0 : 1 }) as const,
      );
      state.phase = "suback";
      state.deadlineMs = nowMs + link.times.answerMs;
      const bytes = encodeSubscribe(state.version, nextPacketId(conversation), subscriptions);
      link.effects.push({ kind: "tcp-write", connection: state.connection, bytes });
      continue;
    }
    if (state.phase === "suback" && value.kind === "suback") {
      if (value.codes.some((code) => code >= 0x80)) return fail(link, state, nowMs, "LINK_REFUSED");
      state.phase = "up";
      state.upSinceMs = nowMs;
      state.deadlineMs = Number.POSITIVE_INFINITY;
      link.effects.push({ kind: "log", text: `link: up, MQTT ${state.version === 5 ? "5" : "3.1.1"}` });
      link.effects.push({ kind: "emit", event: { kind: "link-up" } });
      write(link, state, beginConversation(conversation, nowMs, state.unsent));
      state.unsent = [];
      continue;
    }
    if (value.kind === "connack" || value.kind === "suback") return fail(link, state, nowMs, "LINK_PACKET");
    if (value.kind === "disconnect") {
      return fail(link, state, nowMs, "LINK_REFUSED", BUSY_CODES.has(value.code) ? BUSY_S : 0);
    }
    const heard = takePacket(conversation, value, nowMs);
    if (heard === undefined) return fail(link, state, nowMs, "LINK_PACKET");
    write(link, state, heard.replies);
    if (heard.message !== undefined) hear(link, state, nowMs, settings, heard.message.topic, heard.message.payload);
  }
}

function hear(
  link: Link,
  state: LinkState,
  nowMs: number,
  settings: LinkSettings,
  topic: string,
  payload: Uint8Array,
): void {
  const own = unitTopic(settings.fleet, settings.deviceId, "");
  const name = topic.startsWith(own) ? topic.slice(own.length) : topic.slice(`f/${settings.fleet}/`.length);
  if (name !== DOWN.away || payload.length !== 2) {
    link.effects.push({ kind: "emit", event: { kind: "link-message", topic: name, payload } });
  } else {
    // Leaving in good order keeps the broker from publishing the will, so the unit says itself that it is gone.
    const gone = { topic: `${own}${UP.state}`, payload: new Uint8Array(0), retain: true, qos: 0 } as const;
    write(link, state, publishIn(state.conversation as Conversation, gone, nowMs));
    write(link, state, [encodeDisconnect(state.version)]);
    fail(link, state, nowMs, "LINK_REFUSED", viewOf(payload).getUint16(0, true));
  }
}

export function publish(link: Link, state: LinkState, event: DeviceEvent & { kind: "publish" }): void {
  if (state.phase !== "up" || state.settings === undefined) return;
  const { topic: name, payload, retain, qos = 1 } = event;
  const topic = unitTopic(state.settings.fleet, state.settings.deviceId, name);
  write(link, state, publishIn(state.conversation as Conversation, { topic, payload, retain, qos }, event.nowMs));
}
