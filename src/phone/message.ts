/** From what a person types to what a phone broadcasts: one request for `onboard`, for each protocol. */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { sealAir } from "#trust/air-seal.ts";
import type { Primitives } from "#trust/primitives.ts";
import { AIR_PORT, decodeSealedAir, encodeAirRing } from "#wire/air/air.ts";
import { AIRKISS_PORT, encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1 } from "#wire/air/esptouch-v1.ts";
import {
  ESPTOUCH_PORT,
  type EsptouchV2Input,
  encodeEsptouchV2,
  esptouchV2RandomBytes,
  SEQUENCES_MAX_OFFICIAL,
} from "#wire/air/esptouch-v2.ts";
import type { AirProtocol } from "#wire/air/found.ts";
import { airKissPackets, airPackets, esptouchV1Packets, esptouchV2Packets, tiPackets } from "#wire/air/schedule.ts";
import { encodeTi, TI_PORT } from "#wire/air/ti-smartconfig.ts";
import { bindingOf, type HelloBinding } from "#wire/hello.ts";
import type { OnboardRequest } from "./onboard.ts";

export interface Credentials {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** The access point's address where the platform tells it. */
  readonly bssid: Uint8Array;
  /** AES-128 key that the product's app shares with its units, where it has one. */
  readonly aesKey?: Uint8Array;
  /** The phone's own IPv4 address, 4 bytes, for ESP-TOUCH v1; without it the unit answers by broadcast alone. */
  readonly phone?: Uint8Array;
  /** The application's own bytes, for the protocols that carry some: Air up to 32, ESP-TOUCH v2 up to 115. */
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
    acknowledgement: { port: round.value.ackPort, token: 0, replyPort: 7002 },
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
    acknowledgement: { port: 18266, token },
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
    acknowledgement: { port: AIRKISS_PORT, token },
  });
}

function ti({ ssid, passphrase, aesKey }: Credentials, primitives: Primitives): Message {
  const key = aesKey === undefined ? {} : { aesKey };
  const packets = encodeTi("cc3200", { ssid, passphrase, ...key }, primitives);
  if (!packets.ok) return packets;
  return ok({
    schedule: { port: TI_PORT, to: "gateway", packets: tiPackets(packets.value.onAir, 2) },
    binding: digestOf("ti-smartconfig", ssid, 0, primitives),
  });
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
  const { salt } = decodeSealedAir(sealed.value);
  return ok({
    schedule: { port: AIR_PORT, to: "broadcast", packets: airPackets(encodeAirRing(sealed.value)) },
    binding: { kind: "air", counter, salt },
  });
}

/**
 * What to send for a protocol.
 * @returns The schedule and what must answer it, or the encoder's refusal; AIR_SEQUENCES for an ESP-TOUCH v2 message
 * that official receivers would never complete.
 */
export function messageFor(protocol: AirProtocol, credentials: Credentials, primitives: Primitives): Message {
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
      return ti(credentials, primitives);
    case "softap":
    case "tuya-ez":
      // Its token comes from the maker's cloud: this phone has none to send.
      return refuse("AIR_FIELD");
  }
}
