/**
 * The air, as a pure model in virtual time: an access point takes datagrams, keeps broadcast ones for the next DTIM
 * beacon and sends them in a burst among other stations' frames; a receiver on its channel hears headers and lengths of
 * those it doesn't miss. What was in a datagram never enters here. Checked against real captures: bursts of about ten
 * frames every 102 ms, sequence numbers that lost and other frames use up too.
 */
import { type Cipher, type Frame, overheadBytes } from "#wire/air/frame.ts";
import { overhear, type Transmission, transmissionOf } from "./framing.ts";
import type { RandomSource } from "./random-source.ts";

/** 100 time units of 1,024 microseconds. */
export const BEACON_US = 102_400;
/** From one frame of a burst to the next. */
const FRAME_US = 600;
/** What Linux access points hold for sleeping stations. */
const QUEUE_FRAMES = 128;
const NEVER_US = Number.POSITIVE_INFINITY;
/** Broadcast by the other two stations of this network, and by a neighbour's network, frames a second. */
const OTHERS_PER_S = 8;
const NEIGHBOUR_PER_S = 6;

/** A datagram on its way: only what a header tells. */
interface Datagram {
  readonly sa: Uint8Array;
  readonly da: Uint8Array;
  readonly byteLength: number;
  /** Traffic identifier where the network has QoS: 0 best effort, 6 voice. */
  readonly tid?: number;
}

export interface AirOptions {
  readonly bssid: Uint8Array;
  readonly channel: number;
  readonly cipher: Cipher;
  /** Microseconds from the start to the first beacon. */
  readonly firstBeaconUs: number;
  /** Every how many beacons broadcast frames go out; 0 where no station sleeps, so that they needn't wait. */
  readonly dtim?: number;
  /** The access point relays nothing from station to station. */
  readonly isIsolating?: boolean;
  /** The copy on its way to the access point is heard too. */
  readonly hearsToDs?: boolean;
  /** How often the access point misses that copy, so that the phone repeats it. */
  readonly retryRate?: number;
  /** Multiplies the other transmitters' traffic. */
  readonly busy?: number;
  /** Stations send QoS data: two header bytes more, and a counter of its own for each traffic identifier. */
  readonly qos?: boolean;
  /** Other datagrams of the phone itself, a second: to the gateway and to everyone, under the very address it onboards with. */
  readonly chatter?: number;
  /** What the access point relays to its stations one by one, frames a second. */
  readonly relayed?: number;
}

interface Air {
  /** Time of the next thing that happens by itself. */
  readonly nextUs: () => number;
  /** Takes a datagram from a phone at a time not before what `advance` was told. */
  send(us: number, datagram: Datagram): void;
  /** Lets time pass; every frame on the air up to then goes to `hear`, lost by nobody yet. */
  advance(us: number, hear: (frame: Frame) => void): void;
}

export const BROADCAST = new Uint8Array(6).fill(0xff);
const OTHER_STATIONS = [Uint8Array.of(0x5c, 1, 2, 3, 4, 5), Uint8Array.of(0x5c, 1, 2, 3, 4, 6)] as const;
const GATEWAY = Uint8Array.of(0x5c, 1, 2, 3, 4, 1);
const NEIGHBOUR_BSSID = Uint8Array.of(0x30, 0xb5, 0xc2, 0x11, 0x22, 0x33);
const NEIGHBOUR_STATION = Uint8Array.of(0x30, 0xb5, 0xc2, 0x44, 0x55, 0x66);

export function createAir(options: AirOptions, random: RandomSource): Air {
  const { bssid, channel, cipher, dtim = 1, hearsToDs = false, retryRate = 0, busy = 1 } = options;
  const { qos = false, chatter = 0, relayed = 0, isIsolating = false } = options;
  const fromDsBytes = overheadBytes(cipher, "from");
  const toDsBytes = overheadBytes(cipher, "to");
  let queue: (Datagram & { readonly us: number })[] = [];
  let beaconUs = options.firstBeaconUs;
  let apSeq = random.below(4096);
  let neighbourSeq = random.below(4096);
  /** A counter for each transmitter, receiver and traffic identifier, but the access point's general one. */
  const counters = new Map<string, number>();
  let otherUs = 1e6 * random.interval(OTHERS_PER_S * busy);
  let neighbourUs = 1e6 * random.interval(NEIGHBOUR_PER_S * busy);
  let chatterUs = chatter > 0 ? 1e6 * random.interval(chatter) : Number.POSITIVE_INFINITY;
  let relayedUs = relayed > 0 ? 1e6 * random.interval(relayed) : Number.POSITIVE_INFINITY;
  let phone: Uint8Array | undefined;
  /** When the access point's last frame was over. */
  let apFreeUs = 0;
  /** Frames on their way to the access point, heard at once. */
  let uplink: Transmission[] = [];

  function enqueue(us: number, datagram: Datagram) {
    if (queue.length < QUEUE_FRAMES) queue.push({ ...datagram, us });
  }

  function nextSeq(...counter: readonly (Uint8Array | number)[]): number {
    const key = counter.map(String).join("/");
    const seq = ((counters.get(key) ?? random.below(4096)) + 1) & 0xfff;
    counters.set(key, seq);
    return seq;
  }

  function sendUp(us: number, { sa, da, byteLength, tid = 0 }: Datagram) {
    const seq = qos ? nextSeq(sa, tid) : nextSeq(sa);
    const header = { us, channel, bssid, sa, da, seq, retry: false, ds: "to" as const, ...(qos ? { tid } : {}) };
    uplink.push(transmissionOf(header, byteLength + toDsBytes));
    for (let tries = 1; tries < 7 && random.next() < retryRate; tries++) {
      uplink.push(transmissionOf({ ...header, us: us + 700 * tries, retry: true }, byteLength + toDsBytes));
    }
  }

  function send(us: number, datagram: Datagram) {
    phone = datagram.sa;
    if (hearsToDs) sendUp(us, datagram);
    if (((datagram.da[0] as number) & 1) === 1 && !isIsolating) enqueue(us, datagram);
  }

  /** The phone's other programs: half of it voice, a tenth of it for everyone. */
  function letPhoneTalk(us: number) {
    while (chatterUs <= us) {
      const da = random.next() < 0.1 ? BROADCAST : bssid;
      const tid = random.next() < 0.5 ? 6 : 0;
      if (phone !== undefined) send(chatterUs, { sa: phone, da, byteLength: 1 + random.below(1400), tid });
      chatterUs += 1e6 * random.interval(chatter);
    }
  }

  /** What goes to one station at a time: by a counter of its own where there is QoS, else by the general one. */
  function relayToStations(us: number, hear: (sent: Transmission) => void) {
    while (relayedUs <= us) {
      const da = OTHER_STATIONS[random.below(2)] as Uint8Array;
      const sa = phone !== undefined && random.next() < 0.5 ? phone : GATEWAY;
      if (!qos) apSeq = (apSeq + 1) & 0xfff;
      const seq = qos ? nextSeq(bssid, da, 0) : apSeq;
      apFreeUs = Math.max(relayedUs, apFreeUs + FRAME_US);
      const header = { us: apFreeUs, channel, bssid, sa, da, seq, retry: false, ds: "from" as const };
      hear(transmissionOf(qos ? { ...header, tid: 0 } : header, 1 + random.below(1400) + fromDsBytes));
      relayedUs += 1e6 * random.interval(relayed);
    }
  }

  /** Other stations' broadcast joins the queue; the neighbour's frames go out when they come. */
  function letOthersSend(us: number, hear: (sent: Transmission) => void) {
    while (otherUs <= us) {
      enqueue(otherUs, {
        sa: OTHER_STATIONS[random.below(2)] as Uint8Array,
        da: BROADCAST,
        byteLength: 28 + random.below(273),
      });
      otherUs += 1e6 * random.interval(OTHERS_PER_S * busy);
    }
    while (neighbourUs <= us) {
      neighbourSeq = (neighbourSeq + 1) & 0xfff;
      const header = { us: neighbourUs, channel, bssid: NEIGHBOUR_BSSID, sa: NEIGHBOUR_STATION, da: BROADCAST };
      const body = 28 + random.below(273) + overheadBytes("ccmp", "from");
      hear(transmissionOf({ ...header, seq: neighbourSeq, retry: false, ds: "from" }, body));
      neighbourUs += 1e6 * random.interval(NEIGHBOUR_PER_S * busy);
    }
    relayToStations(us, hear);
  }

  /** Group frames go by the general counter, without QoS: some station may have none. */
  function relayToGroups(hear: (sent: Transmission) => void) {
    let us = dtim > 0 ? Math.max(beaconUs, apFreeUs) : apFreeUs;
    for (const { sa, da, byteLength, us: cameUs } of queue) {
      us = Math.max(us, cameUs) + FRAME_US;
      apSeq = (apSeq + 1) & 0xfff;
      hear(
        transmissionOf({ us, channel, bssid, sa, da, seq: apSeq, retry: false, ds: "from" }, byteLength + fromDsBytes),
      );
    }
    queue = [];
    apFreeUs = us;
  }

  return {
    nextUs: () => Math.min(beaconUs, uplink[0]?.us ?? NEVER_US, (dtim === 0 && queue[0]?.us) || NEVER_US),
    send,
    advance(us, hear) {
      const put = (sent: Transmission) => hear(overhear(sent));
      for (;;) {
        const untilUs = Math.min(us, beaconUs);
        letPhoneTalk(untilUs);
        for (const sent of uplink) put(sent);
        uplink = [];
        letOthersSend(untilUs, put);
        if (dtim === 0) relayToGroups(put);
        if (beaconUs > us) return;
        relayToGroups(put);
        beaconUs += BEACON_US * Math.max(1, dtim);
      }
    },
  };
}
