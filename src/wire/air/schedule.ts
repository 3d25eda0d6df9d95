/**
 * The schedule of each onboarding protocol: when its sender sends which packet length. It is pure: a phone waits for
 * each time, a model doesn't.
 * @source PROTOCOL 6.4 to 6.8
 */

import { GUIDE as AIRKISS_GUIDE, type AirKissUnits } from "./airkiss.ts";
import { GUIDE } from "./esptouch-v1.ts";
import { TUYA_HEAD, TUYA_MULTICAST_PORT, type TuyaPackets, type TuyaPair, tuyaGroup } from "./tuya-ez.ts";

/** One datagram of `length` payload bytes, due `atMs` after the start. */
export interface Packet {
  readonly atMs: number;
  readonly length: number;
  /**
   * A multicast group that it goes to: for ESP-TOUCH v1 only where the phone chose multicast, for access points that drop
   * broadcast; for Tuya EZ always, since the address itself says something.
   */
  readonly group?: string;
  /** Where it differs from the schedule's. */
  readonly port?: number;
}

export interface Schedule {
  readonly port: number;
  /** To everyone on the network, to the gateway alone (TI), or to everyone but where a packet names its group (Tuya EZ). */
  readonly to: "broadcast" | "gateway" | "groups";
  readonly packets: Iterable<Packet>;
}

/** ESP-TOUCH v2: a round again and again, slower after 45 s, for 90 s. */
export function* esptouchV2Packets(round: readonly number[]): Generator<Packet> {
  const PACE_MS = 15;
  const SLOW_AFTER_MS = 45_000;
  const SLOW_PACE_MS = 100;
  let atMs = 0;
  while (atMs < 90_000) {
    for (const length of round) {
      yield { atMs, length };
      atMs += atMs < SLOW_AFTER_MS ? PACE_MS : SLOW_PACE_MS;
    }
  }
}

/** Air: round the ring at 200 frames a second. */
export function* airPackets(ring: readonly number[]): Generator<Packet> {
  const PACE_MS = 5;
  const TOTAL_MS = 60_000;
  for (let n = 0; n * PACE_MS < TOTAL_MS; n++) yield { atMs: n * PACE_MS, length: ring[n % ring.length] as number };
}

/**
 * ESP-TOUCH v1: guide for 2 s, data for 4 s that goes on where it stopped, and again, for 45 s. The multicast group goes
 * on by one with every four guide packets and every three data packets.
 */
export function* esptouchV1Packets(dataLengths: readonly number[]): Generator<Packet> {
  const PACE_MS = 8;
  const GUIDE_MS = 2_000;
  const CYCLE_MS = 6_000;
  const GROUPS = 100;
  let guide = 0;
  let data = 0;
  for (let n = 0; n * PACE_MS < 45_000; n++) {
    const atMs = n * PACE_MS;
    const isGuide = atMs % CYCLE_MS < GUIDE_MS;
    const n100 = 1 + ((Math.floor(guide / 4) + Math.floor(data / 3)) % GROUPS);
    yield {
      atMs,
      group: `234.${n100}.${n100}.${n100}`,
      length: (isGuide ? GUIDE[guide++ % 4] : dataLengths[data++ % dataLengths.length]) as number,
    };
  }
}

/** AirKiss: guide 50 times, magic 20 times, then 15 rounds of prefix and groups; all of it five times. */
export function* airKissPackets({ magic, prefix, groups }: AirKissUnits): Generator<Packet> {
  const PACE_MS = 5;
  let n = 0;
  const phases: readonly (readonly [readonly number[], number])[] = [
    [AIRKISS_GUIDE, 50],
    [magic, 20],
    [[...prefix, ...groups], 15],
  ];
  for (let cycle = 0; cycle < 5; cycle++) {
    for (const [unit, times] of phases) {
      for (let i = 0; i < times; i++) for (const length of unit) yield { atMs: PACE_MS * n++, length };
    }
  }
}

/** TI SmartConfig: four setups (CC3000) or passes (CC3200), then 100 ms of silence, and again for a minute. */
export function* tiPackets(onAir: readonly number[], repeats: number): Generator<Packet> {
  const PACE_MS = 5;
  const PAUSE_MS = 100;
  for (let atMs = 0; atMs < 60_000; atMs += PAUSE_MS) {
    for (let pass = 0; pass < repeats; pass++) {
      for (const length of onAir) {
        yield { atMs, length };
        atMs += PACE_MS;
      }
    }
  }
}

/** Tuya EZ: 40 heads, then 10 bodies, each by multicast addresses and by broadcast lengths in turn; for a minute. */
export function* tuyaPackets({ broadcastBody, multicastHead, multicastBody }: TuyaPackets): Generator<Packet> {
  const PACE_MS = 5;
  const TOTAL_MS = 60_000;
  const groups = (pairs: readonly TuyaPair[]) =>
    pairs.map((pair) => ({ length: 1, group: tuyaGroup(pair), port: TUYA_MULTICAST_PORT }));
  const plain = (lengths: readonly number[]) => lengths.map((length) => ({ length }));
  const head = [...groups(multicastHead), ...plain(TUYA_HEAD)];
  const body = [...groups(multicastBody), ...plain(broadcastBody)];
  for (let n = 0; n * PACE_MS < TOTAL_MS; ) {
    for (const [part, times] of [
      [head, 40],
      [body, 10],
    ] as const) {
      for (let i = 0; i < times; i++) for (const packet of part) yield { ...packet, atMs: PACE_MS * n++ };
    }
  }
}
