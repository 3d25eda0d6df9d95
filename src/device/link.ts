/**
 * The link to the maker's broker: fetches a nonce, proves the unit's key, connects, subscribes, publishes what other
 * machines ask for and hands them what comes. Every wait ends by itself; after a failure the unit stays away for a while
 * that grows and is partly chance, or for as long as the server said.
 * @source PROTOCOL 7.1 to 7.4
 */
import { concat, fromHex, viewOf } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { encodeHttpPost, readHttpResponse } from "#codec/http-response.ts";
import { decodeServerPacket, encodeConnect, encodeDisconnect, encodeSubscribe, type MqttVersion } from "#codec/mqtt.ts";
import type { Primitives } from "#trust/primitives.ts";
import { decodeNonceAnswer, encodeLinkProof, type LinkProof, linkPassword, linkToBeSigned } from "#wire/link-auth.ts";
import { DOWN, subscribeRights, UP, unitTopic } from "#wire/topics.ts";
import { type Conversation, createConversation } from "./link-conversation.ts";
import { createPacketReader } from "./link-packets.ts";
import { LINK_TIMES, type LinkSettings, type LinkTimes, readLinkSettings } from "./link-settings.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";

type Phase = "off" | "away" | "nonce" | "proof" | "connecting" | "connack" | "suback" | "up";

interface State {
  readonly settings: LinkSettings | undefined;
  phase: Phase;
  /** When the present wait ends, however it ends. */
  deadlineMs: number;
  /** Number of the open connection, -1 for none. */
  connection: number;
  isOnline: boolean;
  /** Failures since the link was last up for a while. */
  failures: number;
  upSinceMs: number;
  proof: LinkProof | undefined;
  version: MqttVersion;
  http: Uint8Array[];
  conversation: Conversation | undefined;
  unsent: readonly Uint8Array[];
}

const TAG = "link";
/** A packet with one block of 4 KB, its topic and properties; what is longer is refused. */
const PACKET_BYTES_MAX = 4096 + 256;
const SESSION_EXPIRY_S = 86_400;
const ALIASES_MAX = 8;
const STEADY_MS = 30_000;
/** Return codes by which a server says that it is overloaded: 3.1.1 code 3, MQTT 5 codes (section 3.2.2.2). */
const BUSY_CODES: ReadonlySet<number> = new Set([0x03, 0x88, 0x89, 0x97, 0x9f]);
const BUSY_S = 30;

export function createLink(crypto: Primitives, times: LinkTimes = LINK_TIMES): Machine<State> {
  let out: Effect[] = [];

  function begin(state: State, nowMs: number): void {
    if (state.settings === undefined) return;
    state.http = [];
    state.phase = state.proof === undefined ? "nonce" : "connecting";
    connect(state, state.phase === "nonce" ? state.settings.httpPort : state.settings.mqttPort, nowMs);
  }

  function connect(state: State, port: number, nowMs: number): void {
    state.deadlineMs = nowMs + times.answerMs;
    out.push({ kind: "tcp-connect", tag: TAG, host: (state.settings as LinkSettings).host, port });
  }

  function close(state: State): void {
    if (state.connection >= 0) out.push({ kind: "tcp-close", connection: state.connection });
    state.connection = -1;
    if (state.phase === "up") out.push({ kind: "emit", event: { kind: "link-down" } });
    state.proof = undefined;
    state.unsent = state.conversation?.unacknowledged() ?? state.unsent;
    state.conversation = undefined;
  }

  /** Gives up this attempt; the next begins after the back-off, or after what the server asked for. */
  function fail(state: State, nowMs: number, fault: Fault, directedS = 0): void {
    const phase = state.phase;
    if (phase === "up" && nowMs - state.upSinceMs >= STEADY_MS) state.failures = 0;
    close(state);
    const longestMs = Math.min(times.backOffMaxMs, times.backOffMs * 2 ** Math.min(state.failures, 20));
    // Half is certain, half is chance, so that a fleet that lost its broker together does not come back together.
    const chance = viewOf(crypto.random(4)).getUint32(0, true) / 2 ** 32;
    const waitMs = Math.round(
      Math.max(longestMs / 2, directedS * 1000) + (chance * Math.max(longestMs, directedS * 500)) / 2,
    );
    state.failures++;
    state.phase = "away";
    state.deadlineMs = nowMs + waitMs;
    out.push({ kind: "log", text: `link: ${fault} in ${phase}, again in ${waitMs} ms` });
  }

  function sendHttp(state: State): void {
    const { settings, proof, phase } = state;
    if (settings === undefined) return;
    const deviceId = fromHex(settings.deviceId) as Uint8Array;
    const bytes =
      phase === "proof"
        ? encodeHttpPost(settings.host, "/proof", encodeLinkProof(proof as LinkProof))
        : encodeHttpPost(settings.host, "/nonce", deviceId);
    out.push({ kind: "tcp-write", connection: state.connection, bytes });
  }

  function takeHttp(state: State, nowMs: number, bytes: Uint8Array, isClosed: boolean): void {
    const settings = state.settings as LinkSettings;
    state.http.push(bytes);
    const response = readHttpResponse(concat(...state.http), isClosed);
    if (!response.ok) return fail(state, nowMs, response.fault);
    if (response.value === undefined) return;
    const { status, retryAfterS, body } = response.value;
    if (state.connection >= 0) out.push({ kind: "tcp-close", connection: state.connection });
    state.connection = -1;
    state.http = [];
    if (state.phase === "proof") {
      if (status !== 204) return fail(state, nowMs, "LINK_REFUSED", retryAfterS);
      state.phase = "connecting";
      return connect(state, settings.mqttPort, nowMs);
    }
    if (status !== 200) return fail(state, nowMs, "LINK_REFUSED", retryAfterS);
    const answer = decodeNonceAnswer(body);
    if (!answer.ok) return fail(state, nowMs, answer.fault);
    const { nonce, register, mqtt5 } = answer.value;
    const signature = crypto.ed25519Sign(linkToBeSigned(settings.broker, settings.deviceId, nonce), settings.seed);
    state.proof = { nonce, publicKey: settings.publicKey, signature };
    state.version = mqtt5 ? 5 : 4;
    state.phase = register ? "proof" : "connecting";
    connect(state, register ? settings.httpPort : settings.mqttPort, nowMs);
  }

  function sendConnect(state: State, nowMs: number): void {
    const settings = state.settings as LinkSettings;
    const packet = encodeConnect(state.version, {
      clientId: settings.deviceId,
      isClean: false,
      keepAliveS: times.keepAliveS,
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
    state.deadlineMs = nowMs + times.answerMs;
    state.conversation = createConversation(state.version, times, createPacketReader(PACKET_BYTES_MAX));
    out.push({ kind: "tcp-write", connection: state.connection, bytes: packet });
  }

  function takeMqtt(state: State, nowMs: number, bytes: Uint8Array): void {
    const conversation = state.conversation as Conversation;
    conversation.reader.push(bytes);
    while (state.connection >= 0) {
      const raw = conversation.reader.next();
      if (!raw.ok) return fail(state, nowMs, raw.fault);
      if (raw.value === undefined) return;
      const packet = decodeServerPacket(state.version, raw.value);
      if (!packet.ok) return fail(state, nowMs, packet.fault);
      const settings = state.settings as LinkSettings;
      const { value } = packet;
      if (state.phase === "connack") {
        if (value.kind !== "connack") return fail(state, nowMs, "LINK_PACKET");
        if (value.code !== 0) return fail(state, nowMs, "LINK_REFUSED", BUSY_CODES.has(value.code) ? BUSY_S : 0);
        conversation.limits(value.properties);
        const filters = subscribeRights(settings.fleet, settings.deviceId);
        const subscriptions = filters.map(
          (filter) => ({ filter, qos: filter.endsWith(`/${DOWN.block}`) ? 0 : 1 }) as const,
        );
        state.phase = "suback";
        state.deadlineMs = nowMs + times.answerMs;
        const bytes = encodeSubscribe(state.version, conversation.packetId(), subscriptions);
        out.push({ kind: "tcp-write", connection: state.connection, bytes });
        continue;
      }
      if (state.phase === "suback" && value.kind === "suback") {
        if (value.codes.some((code) => code >= 0x80)) return fail(state, nowMs, "LINK_REFUSED");
        state.phase = "up";
        state.upSinceMs = nowMs;
        state.deadlineMs = Number.POSITIVE_INFINITY;
        out.push({ kind: "log", text: `link: up, MQTT ${state.version === 5 ? "5" : "3.1.1"}` });
        out.push({ kind: "emit", event: { kind: "link-up" } });
        write(state, conversation.begin(nowMs, state.unsent));
        state.unsent = [];
        continue;
      }
      if (value.kind === "connack" || value.kind === "suback") return fail(state, nowMs, "LINK_PACKET");
      if (value.kind === "disconnect") {
        return fail(state, nowMs, "LINK_REFUSED", BUSY_CODES.has(value.code) ? BUSY_S : 0);
      }
      const heard = conversation.take(value, nowMs);
      if (heard === undefined) return fail(state, nowMs, "LINK_PACKET");
      write(state, heard.replies);
      if (heard.message !== undefined) hear(state, nowMs, settings, heard.message.topic, heard.message.payload);
    }
  }

  function hear(state: State, nowMs: number, settings: LinkSettings, topic: string, payload: Uint8Array): void {
    const own = unitTopic(settings.fleet, settings.deviceId, "");
    const name = topic.startsWith(own) ? topic.slice(own.length) : topic.slice(`f/${settings.fleet}/`.length);
    if (name !== DOWN.away) {
      out.push({ kind: "emit", event: { kind: "link-message", topic: name, payload } });
    } else if (payload.length === 2) {
      // Leaving in good order keeps the broker from publishing the will, so the unit says itself that it is gone.
      const gone = { topic: `${own}${UP.state}`, payload: new Uint8Array(0), retain: true, qos: 0 } as const;
      write(state, (state.conversation as Conversation).publish(gone, nowMs));
      write(state, [encodeDisconnect(state.version)]);
      fail(state, nowMs, "LINK_REFUSED", viewOf(payload).getUint16(0, true));
    }
  }

  function write(state: State, packets: readonly Uint8Array[]): void {
    for (const bytes of packets) out.push({ kind: "tcp-write", connection: state.connection, bytes });
  }

  function publish(state: State, event: DeviceEvent & { kind: "publish" }): void {
    if (state.phase !== "up" || state.settings === undefined) return;
    const { topic: name, payload, retain, qos = 1 } = event;
    const topic = unitTopic(state.settings.fleet, state.settings.deviceId, name);
    write(state, (state.conversation as Conversation).publish({ topic, payload, retain, qos }, event.nowMs));
  }

  function onTimer(state: State, nowMs: number): void {
    if (state.phase === "away" && nowMs >= state.deadlineMs) return begin(state, nowMs);
    if (nowMs >= state.deadlineMs) return fail(state, nowMs, "LINK_TIMEOUT");
    if (state.phase !== "up" || state.conversation === undefined) return;
    const due = state.conversation.due(nowMs);
    if (due === "dead") return fail(state, nowMs, "LINK_TIMEOUT");
    write(state, due);
  }

  function take(state: State, event: DeviceEvent): void {
    const { nowMs } = event;
    switch (event.kind) {
      case "online":
        if (state.isOnline) return;
        state.isOnline = true;
        state.failures = 0;
        return begin(state, nowMs);
      case "offline":
        close(state);
        state.isOnline = false;
        state.phase = "off";
        state.deadlineMs = Number.POSITIVE_INFINITY;
        return;
      case "timer":
        return onTimer(state, nowMs);
      case "publish":
        return publish(state, event);
      case "tcp-opening":
        if (event.tag !== TAG) return;
        state.connection = event.connection;
        if (event.connection < 0) fail(state, nowMs, "LINK_REFUSED");
        return;
      case "tcp-connected":
        if (event.connection !== state.connection) return;
        return state.phase === "connecting" ? sendConnect(state, nowMs) : sendHttp(state);
      case "tcp-data":
        if (event.connection !== state.connection) return;
        if (state.conversation !== undefined) return takeMqtt(state, nowMs, event.bytes);
        return takeHttp(state, nowMs, event.bytes, false);
      case "tcp-closed":
        if (event.connection !== state.connection) return;
        state.connection = -1;
        if (state.http.length > 0) return takeHttp(state, nowMs, new Uint8Array(0), true);
        return fail(state, nowMs, "LINK_REFUSED");
      default:
        return;
    }
  }

  return {
    name: "link",
    initial: {
      settings: undefined,
      phase: "off",
      deadlineMs: Number.POSITIVE_INFINITY,
      connection: -1,
      isOnline: false,
      failures: 0,
      upSinceMs: 0,
      proof: undefined,
      version: 4,
      http: [],
      conversation: undefined,
      unsent: [],
    },
    step(old, event): Step<State> {
      out = [];
      const state: State = event.kind === "start" ? { ...old, settings: readLinkSettings(crypto, event.stored) } : old;
      if (state.settings !== undefined) take(state, event);
      const wakeAtMs = Math.min(state.deadlineMs, state.conversation?.wakeAtMs() ?? Number.POSITIVE_INFINITY);
      const effects = out;
      return Number.isFinite(wakeAtMs) ? { state, effects, wakeAtMs } : { state, effects };
    },
  };
}
