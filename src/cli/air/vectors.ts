/** Vectors of `latchkey air encode`: one JSON object in, the `expected` object out. */
import { fromHex, toHex } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { AesBlocks } from "#codec/aes-modes.ts";
import { GUIDE as AIRKISS_GUIDE, AIRKISS_PORT, encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1, GUIDE as V1_GUIDE } from "#wire/air/esptouch-v1.ts";
import { ESPTOUCH_PORT, encodeEsptouchV2 } from "#wire/air/esptouch-v2.ts";
import { encodeTi } from "#wire/air/ti-smartconfig.ts";
import { encodeTuya, TUYA_BROADCAST_PORT, TUYA_HEAD, TUYA_MULTICAST_PORT, tuyaGroup } from "#wire/air/tuya-ez.ts";

type Json = Readonly<Record<string, unknown>>;

/** Thrown by the readers below, caught in {@link encodeVector}: a vector is only read once. */
class BadField extends Error {}

function hex(source: Json, key: string): Uint8Array {
  const value = source[key];
  const bytes = typeof value === "string" ? fromHex(value) : undefined;
  if (bytes === undefined) throw new BadField(key);
  return bytes;
}

/** Hexadecimal that may be null, left out or empty: no bytes. */
function maybeHex(source: Json | undefined, key: string): Uint8Array {
  const value = source?.[key];
  return value === undefined || value === null ? new Uint8Array(0) : hex(source as Json, key);
}

function keyOf(source: Json, key: string): Uint8Array | undefined {
  const value = source[key];
  return value === undefined || value === null ? undefined : hex(source, key);
}

function text(source: Json, key: string): Uint8Array {
  const value = source[key];
  if (typeof value !== "string") throw new BadField(key);
  return utf8(value);
}

function whole(source: Json, key: string, max: number): number {
  const value = source[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) throw new BadField(key);
  return value;
}

function ipv4(source: Json, key: string): Uint8Array {
  const value = source[key];
  const parts =
    typeof value === "string" && /^\d{1,3}(\.\d{1,3}){3}$/.test(value) ? value.split(".").map(Number) : [256];
  if (parts.some((part) => part > 255)) throw new BadField(key);
  return Uint8Array.from(parts);
}

function object(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadField("object");
  return value as Json;
}

function esptouchV1(input: Json): Result<object> {
  const round = encodeEsptouchV1({
    ssid: hex(input, "ssid"),
    bssid: hex(input, "bssid"),
    passphrase: hex(input, "password"),
    phone: ipv4(input, "ip"),
  });
  if (!round.ok) return round;
  const { dataLengths, codes, ackFirstByte } = round.value;
  return ok({
    port: ESPTOUCH_PORT,
    guideLengths: V1_GUIDE,
    dataLengths,
    dataCodes_seq_byte: codes,
    ackFirstByte,
  });
}

function esptouchV2(input: Json, randomness: Json, aes: AesBlocks): Result<object> {
  const aesKey = keyOf(input, "aesKey");
  const padding = randomness.padding === undefined ? undefined : object(randomness.padding);
  const round = encodeEsptouchV2(
    {
      ssid: hex(input, "ssid"),
      bssid: hex(input, "bssid"),
      passphrase: hex(input, "password"),
      reserved: maybeHex(input, "reserved"),
      security: whole(input, "securityVersion", 2) as 0 | 1 | 2,
      ...(aesKey === undefined ? {} : { aesKey }),
      portMark: whole(input, "portMark", 3),
      ipv6: input.ipv6 === true,
    },
    {
      passphrasePadding: maybeHex(padding, "password"),
      reservedPadding: maybeHex(padding, "reserved"),
      ssidPadding: maybeHex(padding, "ssid"),
      iv: maybeHex(randomness, "iv20"),
    },
    aes,
  );
  if (!round.ok) return round;
  const { ackPort, head, sequences, lengths } = round.value;
  return ok({ port: ESPTOUCH_PORT, ackPort, head: toHex(head), totalSequences: sequences, packetLengths: lengths });
}

function airKiss(input: Json, aes: AesBlocks): Result<object> {
  const aesKey = keyOf(input, "aesKey");
  const units = encodeAirKiss(
    {
      ssid: hex(input, "ssid"),
      passphrase: hex(input, "password"),
      random: whole(input, "random", 255),
      ...(aesKey === undefined ? {} : { aesKey }),
    },
    aes,
  );
  if (!units.ok) return units;
  const { magic, prefix, groups, passphraseField } = units.value;
  return ok({
    port: AIRKISS_PORT,
    guide: AIRKISS_GUIDE,
    magic,
    prefix,
    dataGroups: groups,
    passwordField: toHex(passphraseField),
  });
}

function ti(variant: unknown, input: Json, aes: AesBlocks): Result<object> {
  if (variant !== "cc3000" && variant !== "cc3200") throw new BadField("variant");
  const aesKey = keyOf(input, "aesKey");
  const freeData = keyOf(input, "freeData");
  const packets = encodeTi(
    variant,
    {
      ssid: hex(input, "ssid"),
      passphrase: hex(input, "password"),
      ...(aesKey === undefined ? {} : { aesKey }),
      ...(freeData === undefined ? {} : { freeData }),
    },
    aes,
  );
  if (!packets.ok) return packets;
  const { lengths, keyField, onAir } = packets.value;
  return ok({ packetLengths: lengths, keyField: toHex(keyField), onAirOrder: onAir });
}

function tuya(input: Json, aes: AesBlocks): Result<object> {
  const parts = [text(input, "region"), text(input, "token"), text(input, "secret")];
  if ([2, 8, 4].some((byteLength, i) => parts[i]?.length !== byteLength)) return refuse("AIR_FIELD");
  const token = Uint8Array.from(parts.flatMap((part) => [...part]));
  const packets = encodeTuya({ ssid: text(input, "ssid"), passphrase: text(input, "password"), token }, aes);
  if (!packets.ok) return packets;
  return ok({
    broadcastPort: TUYA_BROADCAST_PORT,
    multicastPort: TUYA_MULTICAST_PORT,
    broadcastHead: TUYA_HEAD,
    broadcastBody: packets.value.broadcastBody,
    multicastHead: packets.value.multicastHead.map(tuyaGroup),
    multicastBody: packets.value.multicastBody.map(tuyaGroup),
  });
}

export const ENCODED_PROTOCOLS = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"] as const;
export type EncodedProtocol = (typeof ENCODED_PROTOCOLS)[number];

/** One line of JSON to its `expected` object, or `{"fault": NAME}`. Never throws. */
export function encodeVector(protocol: EncodedProtocol, line: string, aes: AesBlocks): object | { fault: Fault } {
  try {
    const vector = object(JSON.parse(line));
    const input = object(vector.input);
    const randomness = vector.senderRandomness === undefined ? {} : object(vector.senderRandomness);
    const encoded =
      protocol === "esptouch-v1"
        ? esptouchV1(input)
        : protocol === "esptouch-v2"
          ? esptouchV2(input, randomness, aes)
          : protocol === "airkiss"
            ? airKiss(input, aes)
            : protocol === "ti-smartconfig"
              ? ti(vector.variant, input, aes)
              : tuya(input, aes);
    return encoded.ok ? encoded.value : { fault: encoded.fault };
  } catch (error) {
    if (error instanceof BadField || error instanceof SyntaxError) return { fault: "AIR_FIELD" };
    throw error;
  }
}
