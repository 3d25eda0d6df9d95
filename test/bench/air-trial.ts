/** One onboarding over the simulated air, on the side that knows the truth: what is sent, and what a receiver hears. */

import type { Result } from "#base/faults.ts";
import { createChance } from "#boards/sim/host/air/chance.ts";
import { createLoss, type Loss } from "#boards/sim/host/air/loss.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { sealAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeAirRing } from "#wire/air/air.ts";
import { encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1 } from "#wire/air/esptouch-v1.ts";
import { type EsptouchV2Input, encodeEsptouchV2, esptouchV2RandomBytes } from "#wire/air/esptouch-v2.ts";
import type { Frame } from "#wire/air/frame.ts";
import { airKissPackets, airPackets, esptouchV1Packets, esptouchV2Packets, type Packet } from "#wire/air/schedule.ts";

export type TrialProtocol = "air" | "esptouch-v1" | "esptouch-v2" | "airkiss";
/** SSID + passphrase + reserved bytes: 10 + 12, 32 + 63, and 10 + 12 + 32 sealed (Air's body is then 64 bytes). */
export type TrialPayload = "short" | "long" | "sealed64" | "fresh";

export interface TrialOptions {
  readonly protocol: TrialProtocol;
  readonly payload: TrialPayload;
  readonly loss: Loss;
  readonly seed: number;
  readonly busy?: number;
}

/** Keys that the receiver has by itself, as a unit has its air key. They say nothing of the credentials. */
export const AIR_KEY = new Uint8Array(32).fill(0x41);
export const AES_KEY = new Uint8Array(16).fill(0x42);

export const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const PHONE = Uint8Array.of(0x02, 0x11, 0x22, 0x33, 0x44, 0x55);
/** The measured table's senders are active for so long. */
const ACTIVE_MS = 45_000;

export interface Truth {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly reserved: Uint8Array;
}

export interface Trial {
  readonly truth: Truth;
  /** Bits that had to cross the air: credentials and reserved bytes, and what the protocol seals them with. */
  readonly payloadBits: number;
  /** What a scan shows: this network and three others. */
  readonly networks: readonly { readonly ssid: Uint8Array; readonly bssid: Uint8Array }[];
  /** Frames heard until some later moment; undefined when the sender has given up. */
  next(): readonly Frame[] | undefined;
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

export function createTrial({ protocol, payload, loss, seed, busy = 1 }: TrialOptions): Trial {
  const chance = createChance(seed);
  const ascii = (byteLength: number) => chance.bytes(byteLength).map((byte) => 33 + (byte % 94));
  const sizes = {
    short: [10, 12, 0],
    long: [32, 63, 0],
    sealed64: [10, 12, 32],
    fresh: [4 + chance.below(17), 8 + chance.below(13), 0],
  } as const;
  const [ssidBytes, passphraseBytes, reservedBytes] = sizes[payload];
  const ssid = ascii(ssidBytes);
  const passphrase = ascii(passphraseBytes);
  const reserved = chance.bytes(reservedBytes);
  const random = (byteLength: number) => chance.bytes(byteLength);

  function packets(): Iterable<Packet> {
    switch (protocol) {
      case "air": {
        const body = { ssid, passphrase, extra: reserved, timeHintS: 1_800_000_000 };
        const primitives = { ...nodePrimitives, random };
        return airPackets(encodeAirRing(must(sealAir(body, AIR_KEY, 1_800_000_000 + seed, primitives))));
      }
      case "esptouch-v1": {
        const phone = Uint8Array.of(192, 168, 1, 10);
        return esptouchV1Packets(must(encodeEsptouchV1({ ssid, passphrase, bssid: BSSID, phone })).dataLengths);
      }
      case "esptouch-v2": {
        const isSealed = reservedBytes > 0;
        const input: EsptouchV2Input = {
          ssid,
          passphrase,
          reserved,
          bssid: BSSID,
          security: isSealed ? 1 : 0,
          ...(isSealed ? { aesKey: AES_KEY } : {}),
          portMark: 0,
          ipv6: false,
        };
        const need = esptouchV2RandomBytes(input);
        const padding = (byteLength: number) => random(byteLength).map((byte) => byte % 127);
        const randomness = {
          passphrasePadding: padding(need.passphrase),
          reservedPadding: padding(need.reserved),
          ssidPadding: padding(need.ssid),
          iv: random(need.iv),
        };
        return esptouchV2Packets(must(encodeEsptouchV2(input, randomness, nodePrimitives)).lengths);
      }
      case "airkiss":
        return airKissPackets(must(encodeAirKiss({ ssid, passphrase, random: chance.below(256) }, nodePrimitives)));
    }
  }

  const schedule = packets()[Symbol.iterator]();
  const firstBeaconUs = chance.below(102_400);
  const air = createAir({ bssid: BSSID, channel: 1, cipher: "ccmp", firstBeaconUs, busy }, chance);
  const misses = createLoss(loss, chance);
  let isOver = false;
  return {
    truth: { ssid, passphrase, reserved },
    networks: [1, 2, 3]
      .map(() => ({ ssid: ascii(ssidBytes), bssid: chance.bytes(6) }))
      .concat([{ ssid, bssid: BSSID }]),
    payloadBits: 8 * (ssidBytes + passphraseBytes + reservedBytes),
    next() {
      if (isOver) return undefined;
      const heard: Frame[] = [];
      // A chunk is so long that most runs of the quick protocols need few of them.
      for (let n = 0; n < 120; n++) {
        const { value, done } = schedule.next();
        if (done === true || value.atMs > ACTIVE_MS) {
          isOver = true;
          break;
        }
        air.advance(1000 * value.atMs, (frame) => void (misses() || heard.push(frame)));
        air.send(1000 * value.atMs, { sa: PHONE, da: BROADCAST, byteLength: value.length });
      }
      if (isOver) air.advance(1000 * ACTIVE_MS + 200_000, (frame) => void (misses() || heard.push(frame)));
      return heard;
    },
  };
}
