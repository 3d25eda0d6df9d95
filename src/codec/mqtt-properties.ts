/** Decodes MQTT 5 properties: those that a unit uses by name; all others are skipped by their type. */
import { concat } from "#base/bytes.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { type Fields, text, u16, u32, variableInteger } from "./mqtt-fields.ts";

/** What a unit says or hears. Times in seconds, sizes in bytes. */
export interface MqttProperties {
  readonly sessionExpiryS?: number;
  readonly messageExpiryS?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketBytes?: number;
  readonly topicAliasMaximum?: number;
  readonly topicAlias?: number;
  readonly serverKeepAliveS?: number;
  readonly maximumQos?: number;
  readonly reason?: string;
  /** Another server to use (CONNACK, DISCONNECT). */
  readonly serverReference?: string;
}

type Type = "u8" | "u16" | "u32" | "var" | "text" | "pair";
type Name = keyof MqttProperties;

/** Identifiers, their types and, where a unit cares, their names (MQTT 5 section 2.2.2.2). */
const KNOWN: ReadonlyMap<number, readonly [Type, Name?]> = new Map<number, readonly [Type, Name?]>([
  [0x01, ["u8"]],
  [0x02, ["u32", "messageExpiryS"]],
  [0x03, ["text"]],
  [0x08, ["text"]],
  [0x09, ["text"]],
  [0x0b, ["var"]],
  [0x11, ["u32", "sessionExpiryS"]],
  [0x12, ["text"]],
  [0x13, ["u16", "serverKeepAliveS"]],
  [0x15, ["text"]],
  [0x16, ["text"]],
  [0x17, ["u8"]],
  [0x18, ["u32"]],
  [0x19, ["u8"]],
  [0x1a, ["text"]],
  [0x1c, ["text", "serverReference"]],
  [0x1f, ["text", "reason"]],
  [0x21, ["u16", "receiveMaximum"]],
  [0x22, ["u16", "topicAliasMaximum"]],
  [0x23, ["u16", "topicAlias"]],
  [0x24, ["u8", "maximumQos"]],
  [0x25, ["u8"]],
  [0x26, ["pair"]],
  [0x27, ["u32", "maximumPacketBytes"]],
  [0x28, ["u8"]],
  [0x29, ["u8"]],
  [0x2a, ["u8"]],
]);

/** The properties with their length in front. */
export function encodeProperties(properties: MqttProperties): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [id, [type, name]] of KNOWN) {
    const value = name === undefined ? undefined : properties[name];
    if (value === undefined) continue;
    parts.push(Uint8Array.of(id));
    if (typeof value === "string") parts.push(text(value));
    else parts.push(type === "u8" ? Uint8Array.of(value) : type === "u16" ? u16(value) : u32(value));
  }
  const all = concat(...parts);
  return concat(variableInteger(all.length), all);
}

/** Reads properties with their length; undefined for what the standard doesn't know, or a property given twice. */
export function readProperties(fields: Fields): MqttProperties | undefined {
  const byteLength = fields.variableInteger();
  const end = fields.at + byteLength;
  const seen = new Set<number>();
  const found: Partial<Record<Name, number | string>> = {};
  while (fields.isGood && fields.at < end) {
    const id = fields.u8();
    const known = KNOWN.get(id);
    if (known === undefined) return undefined;
    const [type, name] = known;
    if (seen.has(id) && type !== "pair") return undefined;
    seen.add(id);
    const value = readValue(fields, type);
    if (name !== undefined && value !== undefined) found[name] = value;
  }
  return fields.isGood && fields.at === end ? (found as MqttProperties) : undefined;
}

function readValue(fields: Fields, type: Type): number | string | undefined {
  switch (type) {
    case "u8":
      return fields.u8();
    case "u16":
      return fields.u16();
    case "u32":
      return fields.u32();
    case "var":
      return fields.variableInteger();
    case "text":
      return fromUtf8(fields.binary());
    case "pair":
      fields.binary();
      fields.binary();
      return undefined;
  }
}
