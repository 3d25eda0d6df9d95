/** What an attacker would send to fill a listener's memory, as frames in order. Pure: the units' engine runs it too. */
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { encodeAirRing } from "#wire/air/air.ts";
import { encodeAirKiss } from "#wire/air/airkiss.ts";
import { encodeEsptouchV1, GUIDE } from "#wire/air/esptouch-v1.ts";
import type { Frame } from "#wire/air/frame.ts";
import { STREAMS_MAX } from "#wire/air/listener.ts";
import { encodeTi } from "#wire/air/ti-smartconfig.ts";

const EVERYONE: Uint8Array = new Uint8Array(6).fill(255);
/** Body bytes above the payload. */
const OVERHEAD_BYTES = 52;
const same = (_: Uint8Array, block: Uint8Array) => block;
const NO_AES = { aes128EncryptBlock: same, aes128DecryptBlock: same };

const range = (count: number, of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));
const text = (byteLength: number) => Uint8Array.from(range(byteLength, (i) => 33 + (i % 90)));

function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string },
): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

/** An ESP-TOUCH v2 round of 64 groups. Every block is zeros, whose CRC is zero: each is read, and kept as read. */
const ZEROS = range(8, (k) => 128 * k + 64);
const LEAD_FRAMES = 12;
const V2_ROUND = [1048, 1136, 1048, 1136, ...ZEROS];
for (let g = 0; g < 64; g++) V2_ROUND.push(128 + g, 128 + g, 128 + g, ...ZEROS);

/** In an order: a frame that was lost. */
const LOST = 0;

/** Orders of each protocol, as long as they get; frames are missing that would complete them: both halves of a byte of v1. */
function longestOrders(ring: readonly number[]): readonly (readonly number[])[] {
  const credentials = { ssid: text(32), passphrase: text(64), bssid: text(6) };
  const v1 = value(encodeEsptouchV1({ ...credentials, phone: text(4) }))
    .dataLengths.with(6, LOST)
    .with(8, LOST);
  const { magic, prefix, groups } = value(encodeAirKiss({ ...credentials, random: 1 }, NO_AES));
  const names = { ssid: text(32), passphrase: text(32), freeData: text(64) };
  const { onAir } = value(encodeTi("cc3200", names, NO_AES));
  const ti = onAir.with(9, LOST).with(onAir.length / 2 + 9, LOST);
  const airKiss = [...prefix, ...groups.with(3, LOST)];
  return [
    [...V2_ROUND, ...V2_ROUND],
    [...GUIDE, ...GUIDE, ...v1, ...v1],
    [...range(12, (i) => 1 + (i % 4)), ...magic, ...magic, ...magic, ...airKiss, ...airKiss, ...airKiss],
    [...ti, ...ti],
    [...ring, ...ring],
  ];
}

interface Filler {
  /** As many senders as are followed, and a flood of others that find no place: random lengths, and Air's. */
  flood(frames: number): Generator<Frame>;
  /** Every followed sender goes through every protocol's order, or the first so many frames of it. */
  orders(framesMax?: number): Generator<Frame>;
  /** ESP-TOUCH v2's columns round and round, each exactly as many numbers on as places, and never a marker that settles them. */
  markerless(rounds: number): Generator<Frame>;
}

/** @param bssid Whose network they seem to be on. */
export function createFiller(bssid: Uint8Array, seed: number): Filler {
  const random = createRandomSource(seed);
  const ring = encodeAirRing(random.bytes(159));
  const orders = longestOrders(ring);
  let us = 0;
  let seq = 0;
  const frame = (sender: number, sequence: number, length: number, da = EVERYONE): Frame => {
    us += 500;
    const sa = sender < STREAMS_MAX ? Uint8Array.of(2, 0, 0, 0, 0, sender) : random.bytes(6);
    const header = { us, channel: 6, bssid, sa, da, seq: sequence & 0xfff, retry: false, ds: "from" as const };
    return { ...header, bodyBytes: OVERHEAD_BYTES + length };
  };
  /** A length by each of the followed senders in turn. */
  function* byAll(length: number, da = EVERYONE): Generator<Frame> {
    for (let sender = 0; sender < STREAMS_MAX; sender++, seq++)
      if (length !== LOST) yield frame(sender, seq, length, da);
  }
  return {
    *flood(frames) {
      for (let i = 0; i < frames; i++) {
        const sender = i % 8;
        yield frame(sender, seq++, sender < 2 ? (ring[(i >> 3) % 255] as number) : 1 + random.below(1200));
      }
    },
    *orders(framesMax = Number.POSITIVE_INFINITY) {
      for (const order of orders) for (const length of order.slice(0, framesMax)) yield* byAll(length);
      for (let i = 0; i < 128; i++) yield* byAll(1, Uint8Array.of(1, 0, 0x5e, i, 7, 7));
    },
    *markerless(rounds) {
      for (let round = 0; round < rounds; round++) {
        for (const [at, length] of V2_ROUND.entries()) {
          const isLead = at < LEAD_FRAMES;
          const isMarker = !isLead && (at - LEAD_FRAMES) % 11 < 3;
          if (isMarker || (isLead && round > 0)) continue;
          // Three numbers too many behind the lead: what follows goes back to no anchor, and nothing settles it.
          const number = seq + at + (isLead ? 0 : 3);
          for (let sender = 0; sender < STREAMS_MAX; sender++) yield frame(sender, number + 1000 * sender, length);
        }
        seq += V2_ROUND.length;
      }
    },
  };
}
