/** The same onboarding over the simulated air: same network, loss, protocol and phase, and as long a scan as the kernel takes. */
import { createLoss } from "#boards/sim/host/air/loss.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { messageFor } from "#phone/message.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { createUnit } from "../../bench/air-unit.ts";
import type { Cell } from "./cells.ts";
import { networkNamed } from "./networks.ts";
import { phaseS } from "./trial.ts";

const AIR_KEY = new Uint8Array(32).fill(0x41);
const BSSID = Uint8Array.of(2, 0, 0, 0, 0, 0);
const PHONE = Uint8Array.of(2, 0, 0, 0, 1, 0);
const STEP_US = 1000;
/** How long mac80211 scans 2.4 GHz for: what the simulated radio does in 0.12 s. */
const SCAN_MS = 1_100;

/** The Ethernet address of an IPv4 multicast group. @source RFC 1112 section 6.4 */
function groupAddress(group: string): Uint8Array {
  const [, b = 0, c = 0, d = 0] = group.split(".").map(Number);
  return Uint8Array.of(0x01, 0x00, 0x5e, b & 0x7f, c, d);
}

/** @returns Seconds from the first datagram to credentials; undefined when none came of it. */
export function simulatedS({ network, protocol, lossPercent }: Omit<Cell, "runs">, seed: number): number | undefined {
  const { ssid, passphrase, scanned, isIsolated = false } = networkNamed(network);
  const random = createRandomSource(seed);
  const rate = lossPercent / 100;
  const misses = createLoss({ rate }, random);
  const air = createAir(
    {
      ...{ bssid: BSSID, ...scanned, firstBeaconUs: random.below(102_400), dtim: 0, isIsolating: isIsolated },
      ...{ hearsToDs: true, retryRate: rate, qos: true, busy: 0 },
    },
    random,
  );
  const message = messageFor(
    protocol,
    {
      ...{ ssid, passphrase: new TextEncoder().encode(passphrase), bssid: BSSID },
      air: { key: AIR_KEY, lastCounter: 0, nowS: 1_800_000_000 },
    },
    nodePrimitives,
  );
  if (!message.ok) throw new Error(message.fault);
  const { to, packets } = message.value.schedule;
  const unit = createUnit({
    ...{ airKey: AIR_KEY, bootedMs: SCAN_MS + 1000 * phaseS(seed), scanMs: SCAN_MS },
    networks: [{ ssid, bssid: BSSID, ...scanned, rssiDbm: -40 }],
  });
  const hear = (frame: Parameters<typeof unit.show>[0]) => {
    if (!misses()) unit.show(frame);
  };
  for (const { atMs, length, group } of packets) {
    const us = 1000 * atMs;
    unit.advance(us);
    air.advance(us, hear);
    const toGroup = to === "groups" && group !== undefined;
    const da = to === "gateway" ? BSSID : toGroup ? groupAddress(group) : BROADCAST;
    air.send(us, { sa: PHONE, da, byteLength: length });
    air.advance(us + STEP_US, hear);
    if (unit.joined() !== undefined) return us / 1e6;
  }
  return undefined;
}
