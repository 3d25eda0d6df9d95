/** Draws random credentials for a trial, and makes the packets that each kind of sender sends for them. */
import { concat } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import type { RandomSource } from "#boards/sim/host/air/random-source.ts";
import { sealAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeAirRing } from "#wire/air/air.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import { encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1 } from "#wire/air/esptouch-v1.ts";
import { type EsptouchV2Input, encodeEsptouchV2, esptouchV2RandomBytes } from "#wire/air/esptouch-v2.ts";
import {
  airKissPackets,
  airPackets,
  esptouchV1Packets,
  esptouchV2Packets,
  type Packet,
  tiPackets,
  tuyaPackets,
} from "#wire/air/schedule.ts";
import { encodeTi, type TiVariant } from "#wire/air/ti-smartconfig.ts";
import { encodeTuya, TUYA_TOKEN_BYTES } from "#wire/air/tuya-ez.ts";

/** Who sends: a protocol, in one of its ways. */
export const TRIAL_PROTOCOLS = [
  "air",
  "esptouch-v1",
  "esptouch-v2",
  "esptouch-v2-aes1",
  "esptouch-v2-aes2",
  "airkiss",
  "airkiss-aes",
  "ti-cc3000",
  "ti-cc3000-aes",
  "ti-cc3200",
  "ti-cc3200-aes",
  "tuya-ez",
] as const;
export type TrialProtocol = (typeof TRIAL_PROTOCOLS)[number];

/** Keys that the receiver has by itself, as a unit has its air key. They say nothing of the credentials. */
export const AIR_KEY = new Uint8Array(32).fill(0x41);
export const AES_KEY = new Uint8Array(16).fill(0x42);

export interface Truth {
  /** As a listener names it. */
  readonly protocol: AirProtocol;
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly reserved: Uint8Array;
}

interface TrialMessage {
  readonly truth: Truth;
  readonly packets: Iterable<Packet>;
  /** To the gateway alone: heard only as the phone's own frames. */
  readonly isUp: boolean;
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

/** Whether the product's app has a key, which the unit then has too. ESP-TOUCH v2 says itself whether it is sealed. */
export const isKeyed = (protocol: TrialProtocol): boolean =>
  protocol.includes("-aes") || protocol.startsWith("esptouch-v2");

interface Drawn {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly reserved: Uint8Array;
  readonly bssid: Uint8Array;
}

function esptouchV2({ ssid, passphrase, reserved, bssid }: Drawn, security: 0 | 1 | 2, random: RandomSource) {
  const key = security === 0 ? {} : { aesKey: AES_KEY };
  const input: EsptouchV2Input = { ssid, passphrase, reserved, bssid, security, ...key, portMark: 0, ipv6: false };
  const need = esptouchV2RandomBytes(input);
  const padding = (byteLength: number) => random.bytes(byteLength).map((byte) => byte % 127);
  const randomness = {
    passphrasePadding: padding(need.passphrase),
    reservedPadding: padding(need.reserved),
    ssidPadding: padding(need.ssid),
    iv: random.bytes(need.iv),
  };
  return esptouchV2Packets(must(encodeEsptouchV2(input, randomness, nodePrimitives)).lengths);
}

function ti(variant: TiVariant, { ssid, passphrase }: Drawn, isSealed: boolean, name: Uint8Array | undefined) {
  const input = {
    ssid,
    passphrase,
    ...(isSealed ? { aesKey: AES_KEY } : {}),
    ...(name === undefined ? {} : { freeData: concat(Uint8Array.of(3, name.length), name) }),
  };
  // A CC3200's two passes stand in one round of lengths, a CC3000's one setup.
  return tiPackets(must(encodeTi(variant, input, nodePrimitives)).onAir, variant === "cc3200" ? 2 : 4);
}

/** Draws what the protocol carries beside the credentials and encodes all of it. */
export function messageOf(protocol: TrialProtocol, drawn: Drawn, seed: number, random: RandomSource): TrialMessage {
  const { ssid, passphrase, reserved, bssid } = drawn;
  const plain = { ssid, passphrase, reserved: new Uint8Array(0) };
  const said = (as: AirProtocol, packets: Iterable<Packet>, more: Uint8Array = plain.reserved): TrialMessage => {
    return { truth: { ...plain, protocol: as, reserved: more }, packets, isUp: as === "ti-smartconfig" };
  };
  switch (protocol) {
    case "air": {
      // A phone's counter is its time (PROTOCOL 6.8.5).
      const counter = 1_800_000_000 + seed;
      const body = { ssid, passphrase, extra: reserved, timeHintS: counter };
      const ring = encodeAirRing(must(sealAir(body, AIR_KEY, counter, nodePrimitives)));
      return said("air", airPackets(ring), reserved);
    }
    case "esptouch-v1": {
      const phone = Uint8Array.of(192, 168, 1, 10);
      const { dataLengths } = must(encodeEsptouchV1({ ssid, passphrase, bssid, phone }));
      return said("esptouch-v1", esptouchV1Packets(dataLengths));
    }
    case "esptouch-v2":
      return said("esptouch-v2", esptouchV2(drawn, reserved.length > 0 ? 1 : 0, random), reserved);
    case "esptouch-v2-aes1":
      return said("esptouch-v2", esptouchV2(drawn, 1, random), reserved);
    case "esptouch-v2-aes2":
      return said("esptouch-v2", esptouchV2(drawn, 2, random), reserved);
    case "airkiss":
    case "airkiss-aes": {
      const key = isKeyed(protocol) ? { aesKey: AES_KEY } : {};
      const units = must(encodeAirKiss({ ssid, passphrase, random: random.below(256), ...key }, nodePrimitives));
      return said("airkiss", airKissPackets(units));
    }
    case "ti-cc3000":
    case "ti-cc3000-aes":
      return said("ti-smartconfig", ti("cc3000", drawn, isKeyed(protocol), undefined));
    case "ti-cc3200":
    case "ti-cc3200-aes": {
      const name = random.next() < 0.5 ? undefined : random.bytes(4 + random.below(12)).map((byte) => 97 + (byte % 26));
      const free = name === undefined ? plain.reserved : concat(Uint8Array.of(3, name.length), name);
      return said("ti-smartconfig", ti("cc3200", drawn, isKeyed(protocol), name), free);
    }
    case "tuya-ez": {
      const token = random.bytes(TUYA_TOKEN_BYTES).map((byte) => 48 + (byte % 10));
      return said("tuya-ez", tuyaPackets(must(encodeTuya({ ssid, passphrase, token }, nodePrimitives))), token);
    }
  }
}
