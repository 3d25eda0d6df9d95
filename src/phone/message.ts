/** Turns typed credentials into the messages that a phone broadcasts: one request to `onboard` for each protocol. */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { sealAir } from "#trust/air-seal.ts";
import type { Primitives } from "#trust/primitives.ts";
import { AIR_PORT, encodeAirRing } from "#wire/air/air.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import { decodeSealedAir } from "#wire/air/air-message.ts";
import { AIRKISS_PORT, encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1 } from "#wire/air/esptouch-v1.ts";
import {
  ESPTOUCH_PORT,
  type EsptouchV2Input,
  encodeEsptouchV2,
  esptouchV2RandomBytes,
  SEQUENCES_MAX_OFFICIAL,
} from "#wire/air/esptouch-v2.ts";
import {
  airKissPackets,
  airPackets,
  esptouchV1Packets,
  esptouchV2Packets,
  tiPackets,
  tuyaPackets,
} from "#wire/air/schedule.ts";
import { isTiAnnouncement } from "#wire/air/ti-announcement.ts";
import { encodeTi, TI_PORT, type TiVariant } from "#wire/air/ti-smartconfig.ts";
import { encodeTuya, TUYA_BROADCAST_PORT, TUYA_TOKEN_BYTES } from "#wire/air/tuya-ez.ts";
import { MDNS_GROUP, MDNS_PORT } from "#wire/sessions/discovery.ts";
import { bindingOf, type HelloBinding } from "#wire/sessions/hello.ts";
import type { OnboardRequest } from "./onboard.ts";

interface Credentials {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** The access point's address where the platform tells it. */
  readonly bssid: Uint8Array;
  /** AES-128 key that the product's app shares with its units, where it has one. */
  readonly aesKey?: Uint8Array;
  /** The phone's own IPv4 address, 4 bytes, for ESP-TOUCH v1; without it the unit answers by broadcast alone. */
  readonly phone?: Uint8Array;
  /** The application's own bytes, for the protocols that carry some: Air up to 32, ESP-TOUCH v2 up to 115, Tuya EZ its 14 of token. */
  readonly extra?: Uint8Array;
  /** What Air needs besides: the card's air key, the last counter used for this unit, Unix seconds. */
  readonly air?: {
    readonly key: Uint8Array;
    readonly lastCounter: number;
    readonly nowS: number;
  };
}

/** Fresh bytes that the hello must name again; seven bits each, so that they fit the denser blocks. */
const NONCE_BYTES = 12;

/** TI SmartConfig's units are of two kinds, told apart by what a phone sends: CC3200 where nothing is said. */
export const SENT_PROTOCOLS = [
  "air",
  "esptouch-v1",
  "esptouch-v2",
  "airkiss",
  "ti-smartconfig",
  "ti-cc3000",
  "ti-cc3200",
  "tuya-ez",
] as const;
export type SentProtocol = (typeof SENT_PROTOCOLS)[number];

type Message = Result<Pick<OnboardRequest, "schedule" | "binding" | "acknowledgement">>;

function esptouchV2({ ssid, passphrase, bssid, aesKey, extra }: Credentials, primitives: Primitives): Message {
  const input: EsptouchV2Input = {
    ssid,
    bssid,
    passphrase,
    reserved: concat(
      primitives.random(NONCE_BYTES).map((byte) => byte & 0x7f),
      extra ?? new Uint8Array(0),
    ),
    security: aesKey === undefined ? 0 : 2,
    ...(aesKey === undefined ? {} : { aesKey }),
    portMark: 0,
    ipv6: false,
  };
  const need = esptouchV2RandomBytes(input);
  const padding = (byteLength: number) => primitives.random(byteLength).map((byte) => byte % 127);
  const randomness = {
    passphrasePadding: padding(need.passphrase),
    reservedPadding: padding(need.reserved),
    ssidPadding: padding(need.ssid),
    iv: primitives.random(need.iv),
  };
  const round = encodeEsptouchV2(input, randomness, primitives);
  if (!round.ok) return round;
  if (round.value.sequences > SEQUENCES_MAX_OFFICIAL) return refuse("AIR_SEQUENCES");
  const { reserved } = input;
  const binding = bindingOf({ protocol: "esptouch-v2", ssid, reserved, token: 0 }, primitives.sha256);
  return ok({
    schedule: { port: ESPTOUCH_PORT, to: "broadcast", packets: esptouchV2Packets(round.value.lengths) },
    binding,
    acknowledgement: { port: round.value.ackPort, replyPort: 7002, isOurs: byToken(0) },
  });
}

function esptouchV1({ ssid, passphrase, bssid, phone }: Credentials, primitives: Primitives): Message {
  const everyone = new Uint8Array(4).fill(255);
  const round = encodeEsptouchV1({ ssid, passphrase, bssid, phone: phone ?? everyone });
  if (!round.ok) return round;
  const { dataLengths, ackFirstByte: token } = round.value;
  return ok({
    schedule: { port: ESPTOUCH_PORT, to: "broadcast", packets: esptouchV1Packets(dataLengths) },
    binding: digestOf("esptouch-v1", ssid, token, primitives),
    acknowledgement: { port: 18266, isOurs: byToken(token) },
  });
}

function airKiss({ ssid, passphrase, aesKey }: Credentials, primitives: Primitives): Message {
  // Not zero: our own one-byte guide datagrams would look like the answer.
  const token = 1 + ((primitives.random(1)[0] as number) % 255);
  const key = aesKey === undefined ? {} : { aesKey };
  const units = encodeAirKiss({ ssid, passphrase, random: token, ...key }, primitives);
  if (!units.ok) return units;
  return ok({
    schedule: { port: AIRKISS_PORT, to: "broadcast", packets: airKissPackets(units.value) },
    binding: digestOf("airkiss", ssid, token, primitives),
    acknowledgement: { port: AIRKISS_PORT, isOurs: byToken(token) },
  });
}

function ti(variant: TiVariant, { ssid, passphrase, aesKey }: Credentials, primitives: Primitives): Message {
  const key = aesKey === undefined ? {} : { aesKey };
  const packets = encodeTi(variant, { ssid, passphrase, ...key }, primitives);
  if (!packets.ok) return packets;
  // A CC3200's two passes stand in one round of lengths, a CC3000's one setup.
  const onAir = tiPackets(packets.value.onAir, variant === "cc3200" ? 2 : 4);
  const noName = new Uint8Array(0);
  return ok({
    schedule: { port: TI_PORT, to: "gateway", packets: onAir },
    binding: digestOf("ti-smartconfig", ssid, 0, primitives),
    acknowledgement: { port: MDNS_PORT, group: MDNS_GROUP, isOurs: (bytes) => isTiAnnouncement(bytes, noName) },
  });
}

/** Where a token would come from the maker's cloud, ours is drawn: it makes the hello's binding fresh. */
function tuya({ ssid, passphrase, extra }: Credentials, primitives: Primitives): Message {
  const drawn = primitives.random(TUYA_TOKEN_BYTES).map((byte) => 48 + (byte % 10));
  const token = extra ?? drawn;
  const packets = encodeTuya({ ssid, passphrase, token }, primitives);
  if (!packets.ok) return packets;
  return ok({
    schedule: { port: TUYA_BROADCAST_PORT, to: "groups", packets: tuyaPackets(packets.value) },
    binding: bindingOf({ protocol: "tuya-ez", ssid, reserved: token, token: 0 }, primitives.sha256),
  });
}

/** An acknowledgement is 1, 7 or 11 bytes and begins with the token; the port hears our own broadcasts too. */
function byToken(token: number): (bytes: Uint8Array) => boolean {
  return (bytes) => [1, 7, 11].includes(bytes.length) && bytes[0] === token;
}

function digestOf(protocol: AirProtocol, ssid: Uint8Array, token: number, primitives: Primitives): HelloBinding {
  return bindingOf({ protocol, ssid, reserved: new Uint8Array(0), token }, primitives.sha256);
}

function airMessage(
  { ssid, passphrase, extra = new Uint8Array(0), air }: Credentials,
  primitives: Primitives,
): Message {
  if (air === undefined) return refuse("AIR_FIELD");
  const { key, lastCounter, nowS } = air;
  const counter = Math.max(nowS, lastCounter + 1);
  const sealed = sealAir({ ssid, passphrase, extra, timeHintS: nowS }, key, counter, primitives);
  if (!sealed.ok) return sealed;
  const { tag } = decodeSealedAir(sealed.value);
  return ok({
    schedule: { port: AIR_PORT, to: "broadcast", packets: airPackets(encodeAirRing(sealed.value)) },
    binding: bindingOf(
      { protocol: "air", ssid, reserved: extra, token: 0, sealed: { counter, tag, timeHintS: nowS } },
      primitives.sha256,
    ),
  });
}

/**
 * What to send for a protocol.
 * @returns The schedule and what must answer it, or the encoder's refusal; AIR_SEQUENCES for an ESP-TOUCH v2 message
 * that official receivers would never complete.
 */
export function messageFor(protocol: SentProtocol, credentials: Credentials, primitives: Primitives): Message {
  switch (protocol) {
    case "air":
      return airMessage(credentials, primitives);
    case "esptouch-v2":
      return esptouchV2(credentials, primitives);
    case "esptouch-v1":
      return esptouchV1(credentials, primitives);
    case "airkiss":
      return airKiss(credentials, primitives);
    case "ti-smartconfig":
    case "ti-cc3200":
      return ti("cc3200", credentials, primitives);
    case "ti-cc3000":
      return ti("cc3000", credentials, primitives);
    case "tuya-ez":
      return tuya(credentials, primitives);
  }
}
