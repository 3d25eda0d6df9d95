/**
 * The air, as a pure model in virtual time: an access point takes datagrams, keeps broadcast ones for the next DTIM
 * beacon and sends them in a burst among other stations' frames; a receiver on its channel hears headers and lengths of
 * those it doesn't miss. What was in a datagram never enters here. Checked against real captures: bursts of about ten
 * frames every 102 ms, sequence numbers that lost and other frames use up too.
 */
import { type Cipher, type Frame, overheadBytes } from "#wire/air/frame.ts";
import type { Chance } from "./chance.ts";

/** 100 time units of 1,024 microseconds. */
export const BEACON_US = 102_400;
/** From one frame of a burst to the next. */
const FRAME_US = 600;
/** What Linux access points hold for sleeping stations. */
const QUEUE_FRAMES = 128;
/** Broadcast by the other two stations of this network, and by a neighbour's network, frames a second. */
const OTHERS_PER_S = 8;
const NEIGHBOUR_PER_S = 6;

/** A datagram on its way: only what a header tells. */
export interface Datagram {
  readonly sa: Uint8Array;
  readonly da: Uint8Array;
  readonly byteLength: number;
}

export interface AirOptions {
  readonly bssid: Uint8Array;
  readonly channel: number;
  readonly cipher: Cipher;
  /** Microseconds from the start to the first beacon. */
  readonly firstBeaconUs: number;
  /** Every how many beacons broadcast frames go out. */
  readonly dtim?: number;
  /** The copy on its way to the access point is heard too. */
  readonly hearsToDs?: boolean;
  /** How often the access point misses that copy, so that the phone repeats it. */
  readonly retryRate?: number;
  /** Multiplies the other transmitters' traffic. */
  readonly busy?: number;
}

export interface Air {
  /** Time of the next thing that happens by itself. */
  readonly nextUs: () => number;
  /** Takes a datagram from a phone at a time not before what `advance` was told. */
  send(us: number, datagram: Datagram): void;
  /** Lets time pass; every frame on the air up to then goes to `hear`, in order, lost by nobody yet. */
  advance(us: number, hear: (frame: Frame) => void): void;
}

export const BROADCAST = new Uint8Array(6).fill(0xff);
const OTHER_STATIONS = [Uint8Array.of(0x5c, 1, 2, 3, 4, 5), Uint8Array.of(0x5c, 1, 2, 3, 4, 6)] as const;
const NEIGHBOUR_BSSID = Uint8Array.of(0x30, 0xb5, 0xc2, 0x11, 0x22, 0x33);
const NEIGHBOUR_STATION = Uint8Array.of(0x30, 0xb5, 0xc2, 0x44, 0x55, 0x66);

export function createAir(options: AirOptions, chance: Chance): Air {
  const { bssid, channel, cipher, dtim = 1, hearsToDs = false, retryRate = 0, busy = 1 } = options;
  const fromDsBytes = overheadBytes(cipher, "from");
  const toDsBytes = overheadBytes(cipher, "to");
  let queue: Datagram[] = [];
  let beaconUs = options.firstBeaconUs;
  let apSeq = chance.below(4096);
  let neighbourSeq = chance.below(4096);
  const phoneSeq = new Map<string, number>();
  let otherUs = 1e6 * chance.interval(OTHERS_PER_S * busy);
  let neighbourUs = 1e6 * chance.interval(NEIGHBOUR_PER_S * busy);
  /** Frames on their way to the access point, heard at once. */
  let uplink: Frame[] = [];

  function enqueue(datagram: Datagram) {
    if (queue.length < QUEUE_FRAMES) queue.push(datagram);
  }

  function nextPhoneSeq(sa: Uint8Array): number {
    const key = sa.join(".");
    const seq = ((phoneSeq.get(key) ?? chance.below(4096)) + 1) & 0xfff;
    phoneSeq.set(key, seq);
    return seq;
  }

  function send(us: number, datagram: Datagram) {
    const isGroup = ((datagram.da[0] as number) & 1) === 1;
    if (hearsToDs) {
      const seq = nextPhoneSeq(datagram.sa);
      const { sa, da, byteLength } = datagram;
      const frame: Frame = {
        us,
        channel,
        bssid,
        sa,
        da,
        seq,
        bodyBytes: byteLength + toDsBytes,
        retry: false,
        ds: "to",
      };
      uplink.push(frame);
      for (let tries = 1; tries < 7 && chance.next() < retryRate; tries++) {
        uplink.push({ ...frame, us: us + 700 * tries, retry: true });
      }
    }
    if (isGroup) enqueue(datagram);
  }

  /** Other stations' broadcast joins the queue; the neighbour's frames go out when they come. */
  function letOthersSend(us: number, hear: (frame: Frame) => void) {
    while (otherUs <= us) {
      enqueue({ sa: OTHER_STATIONS[chance.below(2)] as Uint8Array, da: BROADCAST, byteLength: 28 + chance.below(273) });
      otherUs += 1e6 * chance.interval(OTHERS_PER_S * busy);
    }
    while (neighbourUs <= us) {
      neighbourSeq = (neighbourSeq + 1) & 0xfff;
      hear({
        us: neighbourUs,
        channel,
        bssid: NEIGHBOUR_BSSID,
        sa: NEIGHBOUR_STATION,
        da: BROADCAST,
        seq: neighbourSeq,
        bodyBytes: 28 + chance.below(273) + 52,
        retry: false,
        ds: "from",
      });
      neighbourUs += 1e6 * chance.interval(NEIGHBOUR_PER_S * busy);
    }
  }

  function burst(hear: (frame: Frame) => void) {
    let us = beaconUs;
    for (const { sa, da, byteLength } of queue) {
      us += FRAME_US;
      apSeq = (apSeq + 1) & 0xfff;
      hear({ us, channel, bssid, sa, da, seq: apSeq, bodyBytes: byteLength + fromDsBytes, retry: false, ds: "from" });
    }
    queue = [];
  }

  return {
    nextUs: () => Math.min(beaconUs, uplink[0]?.us ?? Number.POSITIVE_INFINITY),
    send,
    advance(us, hear) {
      for (const frame of uplink) hear(frame);
      uplink = [];
      while (beaconUs <= us) {
        letOthersSend(beaconUs, hear);
        burst(hear);
        beaconUs += BEACON_US * dtim;
      }
      letOthersSend(us, hear);
    },
  };
}
