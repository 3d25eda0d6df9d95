/** One onboarding over the simulated air, on the side that knows the truth: what is sent, and what a receiver hears. */

import { createLoss, type Loss } from "#boards/sim/host/air/loss.ts";
import { type AirOptions, BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import type { AccessPoint, Frame } from "#wire/air/frame.ts";
import type { Packet } from "#wire/air/schedule.ts";
import { TI_FIELD_BYTES } from "#wire/air/ti-smartconfig.ts";
import { messageOf, type TrialProtocol, type Truth } from "./air-message.ts";

/**
 * SSID + passphrase + reserved bytes: 10 + 12, 32 + 63 (TI, which takes no longer passphrase: 32 + 32), 10 + 12 + 32
 * sealed, and short ones of many lengths.
 */
export type TrialPayload = "short" | "long" | "sealed64" | "fresh";

export interface TrialOptions {
  readonly protocol: TrialProtocol;
  readonly payload: TrialPayload;
  readonly loss: Loss;
  readonly seed: number;
  /** What else is on the air. */
  readonly room?: Pick<AirOptions, "busy" | "hearsToDs" | "retryRate" | "qos" | "chatter" | "relayed">;
  /** False where the network does not show its name in scans. */
  readonly isScanned?: boolean;
  /** Over how many channels the networks that a scan finds are spread; one when absent. */
  readonly channels?: 1 | 3;
}

const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const PHONE = Uint8Array.of(0x02, 0x11, 0x22, 0x33, 0x44, 0x55);
/** The measured table's senders are active for so long. */
const ACTIVE_MS = 45_000;

const CHANNELS = [1, 6, 11] as const;
const BOOTED_MIN_MS = 150;
const BOOTED_SPREAD_MS = 20_000;

export interface Trial {
  readonly truth: Truth;
  /** Bits that had to cross the air: credentials and reserved bytes, and what the protocol seals them with. */
  readonly payloadBits: number;
  /** What a scan shows: this network, unless it hides its name, and three others. */
  readonly networks: readonly AccessPoint[];
  /** Milliseconds for which the unit has been on when the sender starts: long enough for its first scan. */
  readonly bootedMs: number;
  /** Frames heard until some later moment; undefined when the sender has given up. */
  next(): readonly Frame[] | undefined;
}

/** The Ethernet address of an IPv4 multicast group. @source RFC 1112 section 6.4 */
function groupAddress(group: string): Uint8Array {
  const [, b = 0, c = 0, d = 0] = group.split(".").map(Number);
  return Uint8Array.of(0x01, 0x00, 0x5e, b & 0x7f, c, d);
}

export function createTrial({
  protocol,
  payload,
  loss,
  seed,
  room,
  isScanned = true,
  channels = 1,
}: TrialOptions): Trial {
  const random = createRandomSource(seed);
  const ascii = (byteLength: number) => random.bytes(byteLength).map((byte) => 33 + (byte % 94));
  const sizes = {
    short: [10, 12, 0],
    long: [32, protocol.startsWith("ti-") ? TI_FIELD_BYTES : 63, 0],
    sealed64: [10, 12, 32],
    fresh: [4 + random.below(17), 8 + random.below(13), 0],
  } as const;
  const [ssidBytes, passphraseBytes, reservedBytes] = sizes[payload];
  const ssid = ascii(ssidBytes);
  const passphrase = ascii(passphraseBytes);
  const reserved = random.bytes(reservedBytes);
  const { truth, packets, isUp } = messageOf(protocol, { ssid, passphrase, reserved, bssid: BSSID }, seed, random);

  const schedule = packets[Symbol.iterator]();
  const firstBeaconUs = random.below(102_400);
  const world = { bssid: BSSID, channel: 1, cipher: "ccmp" as const, firstBeaconUs, hearsToDs: isUp, ...room };
  const air = createAir({ ...world, hearsToDs: isUp || world.hearsToDs }, random);
  const misses = createLoss(loss, random);
  const to = ({ group }: Packet) => (isUp ? BSSID : protocol === "tuya-ez" && group ? groupAddress(group) : BROADCAST);
  let isOver = false;
  const others = [0, 1, 2].map((n) => ({
    ssid: ascii(ssidBytes),
    bssid: random.bytes(6),
    channel: CHANNELS[n % channels],
  }));
  return {
    truth,
    networks: [...others, ...(isScanned ? [{ ssid, bssid: BSSID, channel: CHANNELS[0] }] : [])].map((each) => ({
      ...each,
      channel: each.channel as number,
      rssiDbm: -40 - random.below(40),
      cipher: "ccmp",
    })),
    bootedMs: BOOTED_MIN_MS + random.below(BOOTED_SPREAD_MS),
    payloadBits: 8 * (ssidBytes + passphraseBytes + truth.reserved.length),
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
        air.send(1000 * value.atMs, { sa: PHONE, da: to(value), byteLength: value.length });
      }
      if (isOver) air.advance(1000 * ACTIVE_MS + 200_000, (frame) => void (misses() || heard.push(frame)));
      return heard;
    },
  };
}
