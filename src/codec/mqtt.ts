/**
 * MQTT as a client speaks it, version 3.1.1 (4 on the wire) and 5, quality of service 0 and 1: packets to bytes, and a
 * server's bytes to packets. No sockets, no time: device/link/link.ts has those.
 * @source MQTT 3.1.1 (OASIS, 2014), MQTT 5.0 (OASIS, 2019)
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { binary, type Fields, readFields, text, u16, variableInteger } from "./mqtt-fields.ts";
import { encodeProperties, type MqttProperties, readProperties } from "./mqtt-properties.ts";

export type MqttVersion = 4 | 5;

const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

interface Connect {
  readonly clientId: string;
  readonly isClean: boolean;
  readonly keepAliveS: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: {
    readonly topic: string;
    readonly payload: Uint8Array;
    readonly qos: 0 | 1;
    readonly retain: boolean;
  };
  readonly properties?: MqttProperties;
}

interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Sent before, perhaps received: quality of service 1 only. */
  readonly isAgain: boolean;
  /** 1 to 65535 with quality of service 1, 0 without. */
  readonly packetId: number;
  readonly properties?: MqttProperties;
}

interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** What a server sends. `code` is a return code of 3.1.1 or a reason code of 5; 0 is success in both. */
export type ServerPacket =
  | {
      readonly kind: "connack";
      readonly sessionPresent: boolean;
      readonly code: number;
      readonly properties: MqttProperties;
    }
  | ({ readonly kind: "publish" } & Publish)
  | { readonly kind: "puback"; readonly packetId: number; readonly code: number }
  | { readonly kind: "suback"; readonly packetId: number; readonly codes: readonly number[] }
  | { readonly kind: "unsuback"; readonly packetId: number }
  | { readonly kind: "pingresp" }
  | { readonly kind: "disconnect"; readonly code: number; readonly properties: MqttProperties };

export function encodeConnect(version: MqttVersion, connect: Connect): Uint8Array {
  const { will, username, password } = connect;
  const flags =
    (connect.isClean ? 0x02 : 0) |
    (will === undefined ? 0 : 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0)) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80);
  const parts = [text("MQTT"), Uint8Array.of(version, flags), u16(connect.keepAliveS)];
  if (version === 5) parts.push(encodeProperties(connect.properties ?? {}));
  parts.push(text(connect.clientId));
  if (will !== undefined) {
    if (version === 5) parts.push(encodeProperties({}));
    parts.push(text(will.topic), binary(will.payload));
  }
  if (username !== undefined) parts.push(text(username));
  if (password !== undefined) parts.push(binary(password));
  return packet(TYPE.connect, 0, parts);
}

export function encodePublish(version: MqttVersion, publish: Publish): Uint8Array {
  const flags = (publish.isAgain ? 8 : 0) | (publish.qos << 1) | (publish.retain ? 1 : 0);
  const parts = [text(publish.topic)];
  if (publish.qos === 1) parts.push(u16(publish.packetId));
  if (version === 5) parts.push(encodeProperties(publish.properties ?? {}));
  parts.push(publish.payload);
  return packet(TYPE.publish, flags, parts);
}

/** Success in both versions: MQTT 5 lets code and properties be left out (section 3.4.2.1). */
export function encodePuback(packetId: number): Uint8Array {
  return packet(TYPE.puback, 0, [u16(packetId)]);
}

export function encodeSubscribe(
  version: MqttVersion,
  packetId: number,
  subscriptions: readonly Subscription[],
): Uint8Array {
  const parts = [u16(packetId)];
  if (version === 5) parts.push(encodeProperties({}));
  for (const { filter, qos } of subscriptions) parts.push(text(filter), Uint8Array.of(qos));
  return packet(TYPE.subscribe, 2, parts);
}

export function encodePingreq(): Uint8Array {
  return packet(TYPE.pingreq, 0, []);
}

/** @param code Reason code, MQTT 5 only; 4 asks the server to publish the will all the same. */
export function encodeDisconnect(version: MqttVersion, code = 0): Uint8Array {
  return packet(TYPE.disconnect, 0, version === 5 && code !== 0 ? [Uint8Array.of(code)] : []);
}

function packet(type: number, flags: number, parts: readonly Uint8Array[]): Uint8Array {
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, 0);
  return concat(Uint8Array.of((type << 4) | flags), variableInteger(bodyBytes), ...parts);
}

/**
 * How long the packet at the start of some bytes is.
 * @returns Bytes in all, undefined when the length itself is still incomplete, or LINK_PACKET_SIZE, LINK_PACKET (a length
 *   of more than four bytes).
 */
export function packetBytesOf(bytes: Uint8Array, bytesMax: number): Result<number | undefined> {
  let bodyBytes = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i];
    if (byte === undefined) return ok(undefined);
    bodyBytes += (byte & 127) * 128 ** (i - 1);
    if (byte < 128) {
      const all = 1 + i + bodyBytes;
      return all > bytesMax ? refuse("LINK_PACKET_SIZE") : ok(all);
    }
  }
  return refuse("LINK_PACKET");
}

/**
 * Reads one whole packet of a server. Payloads are views.
 * @returns The packet, or LINK_PACKET for one that a server doesn't send, or not to us (quality of service 2), or that
 *   breaks its format.
 */
export function decodeServerPacket(version: MqttVersion, bytes: Uint8Array): Result<ServerPacket> {
  const first = bytes[0] ?? 0;
  const fields = readFields(bytes);
  fields.at = 1;
  const bodyBytes = fields.variableInteger();
  if (!fields.isGood || bodyBytes !== bytes.length - fields.at) return refuse("LINK_PACKET");
  const flags = first & 15;
  if (first >> 4 !== TYPE.publish && flags !== 0) return refuse("LINK_PACKET");
  const packet = readBody(version, first >> 4, flags, fields);
  return packet !== undefined && fields.isGood && fields.at === bytes.length ? ok(packet) : refuse("LINK_PACKET");
}

function readBody(version: MqttVersion, type: number, flags: number, fields: Fields): ServerPacket | undefined {
  switch (type) {
    case TYPE.connack: {
      const acknowledge = fields.u8();
      const code = fields.u8();
      const properties = version === 5 ? readProperties(fields) : {};
      // A refusal with a session is a contradiction (3.1.1 section 3.2.2.2).
      if (acknowledge > 1 || properties === undefined || (code !== 0 && acknowledge === 1)) return undefined;
      return { kind: "connack", sessionPresent: acknowledge === 1, code, properties };
    }
    case TYPE.publish:
      return readPublish(version, flags, fields);
    case TYPE.puback: {
      const packetId = fields.u16();
      const { code } = readReason(version, fields);
      return packetId === 0 || code < 0 ? undefined : { kind: "puback", packetId, code };
    }
    case TYPE.suback: {
      const packetId = fields.u16();
      if (version === 5 && readProperties(fields) === undefined) return undefined;
      const codes = [...fields.rest()];
      return packetId === 0 || codes.length === 0 ? undefined : { kind: "suback", packetId, codes };
    }
    case TYPE.unsuback: {
      const packetId = fields.u16();
      if (version === 5) fields.rest();
      return packetId === 0 ? undefined : { kind: "unsuback", packetId };
    }
    case TYPE.pingresp:
      return { kind: "pingresp" };
    case TYPE.disconnect: {
      const { code, properties } = readReason(version, fields);
      return version === 5 && code >= 0 ? { kind: "disconnect", code, properties } : undefined;
    }
    default:
      return undefined;
  }
}

function readPublish(version: MqttVersion, flags: number, fields: Fields): ServerPacket | undefined {
  const qos = (flags >> 1) & 3;
  const topic = fromUtf8(fields.binary());
  if (qos > 1 || topic === undefined || /[+#\0]/.test(topic) || (qos === 0 && flags >= 8)) return undefined;
  const packetId = qos === 1 ? fields.u16() : 0;
  const properties = version === 5 ? readProperties(fields) : {};
  if (properties === undefined || (qos === 1 && packetId === 0)) return undefined;
  if (topic === "" && properties.topicAlias === undefined) return undefined;
  const payload = fields.rest();
  const [retain, isAgain] = [(flags & 1) === 1, (flags & 8) === 8];
  return { kind: "publish", topic, payload, qos: qos as 0 | 1, retain, isAgain, packetId, properties };
}

/** Reason code and properties that may both be left out (MQTT 5 sections 3.4.2 and 3.14.2); code -1 when broken. */
function readReason(version: MqttVersion, fields: Fields): { code: number; properties: MqttProperties } {
  const rest = version === 5 ? fields.rest() : new Uint8Array(0);
  if (rest.length <= 1) return { code: rest[0] ?? 0, properties: {} };
  const inner = readFields(rest);
  const code = inner.u8();
  const properties = readProperties(inner);
  return properties === undefined || inner.at !== rest.length ? { code: -1, properties: {} } : { code, properties };
}
