/**
 * When each protocol's sender sends which length. Pure: a phone waits for the moments, a model takes them as they are.
 * @source PROTOCOL 6.4 to 6.8
 */

/** One datagram of `length` payload bytes, due `atMs` after the start. */
export interface Packet {
  readonly atMs: number;
  readonly length: number;
}

export interface Schedule {
  readonly port: number;
  /** To everyone on the network, or to the gateway alone (TI). */
  readonly to: "broadcast" | "gateway";
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
