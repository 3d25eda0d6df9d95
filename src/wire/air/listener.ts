/**
 * Hears every protocol at once: sorts overheard frames by who sent them, works out from the 802.11 sequence numbers how
 * far each frame lies behind the last, and lets one decoder for each protocol look at the lengths.
 *
 * Memory is bounded whatever is on the air: STREAMS_MAX senders are followed, and a new one takes the place of the
 * least convincing that has gone quiet. A flood of invented senders can delay a real one; it is forgotten as soon as
 * it ends.
 * @source PROTOCOL 6.2, 6.3
 */
import { equal } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { type AirCredentials, LACKS_ALL, type LengthDecoder, LOCK_SCORE } from "./air-credentials.ts";
import type { Frame } from "./frame.ts";

/** Senders followed at once. */
export const STREAMS_MAX = 4;
/** A sender not heard for so long may be dropped for a new one; three DTIM intervals of 102.4 ms and some. */
const QUIET_US = 400_000;
/** So convincing a sender keeps its place for longer. */
const LOCKED_QUIET_US = 3_000_000;
/** A gap in time after which sequence numbers no longer tell how far the sender went. */
const STEP_US_MAX = 1_500_000;
/** Other frames of the same transmitter remembered between two of a sender. */
const OTHERS_MAX = 24;

export interface ListenerOptions {
  /** New decoders for one sender, one for each protocol and each overhead that its frames may have. */
  readonly decoders: (bssid: Uint8Array, ds: "from" | "to") => readonly OverheadDecoder[];
}

/** A decoder and the bytes to take off a frame's body before it looks at the length. */
interface OverheadDecoder {
  readonly overheadBytes: number;
  readonly decoder: LengthDecoder;
}

interface Stream {
  readonly bssid: Uint8Array;
  readonly sa: Uint8Array;
  readonly ds: "from" | "to";
  /** What counts its sequence numbers besides the transmitter. */
  readonly counter: number;
  readonly decoders: readonly OverheadDecoder[];
  seq: number;
  us: number;
  /** Sequence numbers of the transmitter's other frames since the sender's last. */
  others: number[];
  /** Where it was last heard, and whether it was since that channel was last judged. */
  channel: number;
  isFresh: boolean;
  /** What its decoders lacked when it was last judged. */
  lacks: number;
  /** True while it doesn't count because its message came no nearer for long. */
  isDisregarded: boolean;
}

/** What the senders on one channel did since it was last judged. */
interface Judgement {
  /** A sender that speaks a protocol was heard. */
  readonly isSpeaking: boolean;
  /** Such a sender's message needs less than before. */
  readonly isNearer: boolean;
  /** The channel is worth staying on. */
  readonly isConvincing: boolean;
  /** Something was heard that may become convincing if the unit listens a little longer. */
  readonly isPromising: boolean;
}

export interface Listener {
  /** Takes one overheard frame; gives credentials when it completed some. */
  push(frame: Frame): AirCredentials | undefined;
  /** Tells what was heard on a channel since the last time. */
  judge(channel: number): Judgement;
  /** Why what some sender says can never be understood. */
  fault(): Fault | undefined;
  /** Those who are on a channel now no longer make it worth staying on, until their messages come nearer. */
  disregard(channel: number): void;
}

function scoreOf(stream: Stream): number {
  return stream.decoders.reduce((best, { decoder }) => Math.max(best, decoder.score()), 0);
}

/** How far a sequence number lies behind another, 0 to 4095. */
function ahead(seq: number, last: number): number {
  return (seq - last + 4096) % 4096;
}

/**
 * Which of a transmitter's counters numbers a frame: its general one, or that of a QoS traffic identifier to one receiver.
 * What an access point relays to one station may count by either, for whoever it is, so it never tells of broadcast.
 * @source IEEE 802.11-2020 clause 10.3.2.14.2
 */
function counterOf({ ds, da, tid }: Frame): number {
  const isGroup = ((da[0] as number) & 1) === 1;
  return ds === "from" ? (isGroup ? GENERAL : RELAYED_UNICAST) : (tid ?? GENERAL);
}
/** Beyond the sixteen traffic identifiers. */
const GENERAL = 16;
const RELAYED_UNICAST = 17;

interface Listening {
  readonly decoders: ListenerOptions["decoders"];
  streams: Stream[];
}

export function airListener({ decoders }: ListenerOptions): Listener {
  const listening: Listening = { decoders, streams: [] };
  return {
    push: (frame) => hearFrame(listening, frame),
    judge: (channel) => judgeChannel(listening, channel),
    fault() {
      for (const { decoders: each } of listening.streams) {
        for (const { decoder } of each) {
          const fault = decoder.fault?.();
          if (fault !== undefined) return fault;
        }
      }
      return undefined;
    },
    disregard(channel) {
      for (const stream of listening.streams) if (stream.channel === channel) stream.isDisregarded = true;
    },
  };
}

function judgeChannel({ streams }: Listening, channel: number): Judgement {
  const judged = { isSpeaking: false, isNearer: false, isConvincing: false, isPromising: false };
  for (const stream of streams) {
    if (stream.channel !== channel || !stream.isFresh) continue;
    stream.isFresh = false;
    const score = scoreOf(stream);
    if (score >= LOCK_SCORE / 2) judged.isPromising = true;
    if (score < LOCK_SCORE) continue;
    const lacks = stream.decoders.reduce((least, { decoder }) => Math.min(least, decoder.lacks()), LACKS_ALL);
    if (lacks < stream.lacks) {
      judged.isNearer = true;
      stream.isDisregarded = false;
    }
    stream.lacks = lacks;
    judged.isSpeaking = true;
    if (!stream.isDisregarded) judged.isConvincing = true;
  }
  return judged;
}

/** A place for a new sender: a free one, or that of the least convincing that has gone quiet. */
function makeRoom(listening: Listening, us: number): boolean {
  const { streams } = listening;
  if (streams.length < STREAMS_MAX) return true;
  let worst: Stream | undefined;
  let worstScore = Number.POSITIVE_INFINITY;
  for (const stream of streams) {
    const score = scoreOf(stream);
    const quietUs = score >= LOCK_SCORE ? LOCKED_QUIET_US : QUIET_US;
    if (us - stream.us > quietUs && score < worstScore) {
      worst = stream;
      worstScore = score;
    }
  }
  if (worst === undefined) return false;
  listening.streams = streams.filter((stream) => stream !== worst);
  return true;
}

/** Tells the transmitter's other streams that it used up a sequence number. */
function noteForOthers(streams: readonly Stream[], frame: Frame, transmitter: Uint8Array, counter: number) {
  if (counter === RELAYED_UNICAST) return;
  for (const stream of streams) {
    if (stream.counter !== counter || stream.ds !== frame.ds) continue;
    if (!equal(stream.ds === "from" ? stream.bssid : stream.sa, transmitter)) continue;
    if (stream.ds === "from" ? equal(stream.sa, frame.sa) : equal(stream.bssid, frame.bssid)) continue;
    if (stream.others.length < OTHERS_MAX && stream.others[stream.others.length - 1] !== frame.seq) {
      stream.others.push(frame.seq);
    }
  }
}

function startStream(decoders: ListenerOptions["decoders"], frame: Frame, counter: number): Stream {
  return {
    bssid: frame.bssid.slice(),
    sa: frame.sa.slice(),
    ds: frame.ds,
    counter,
    decoders: decoders(frame.bssid, frame.ds),
    seq: frame.seq,
    us: frame.us,
    others: [],
    channel: frame.channel,
    isFresh: false,
    lacks: LACKS_ALL,
    isDisregarded: false,
  };
}

/** How many frames further on in its sender's order a frame is, at most; 0 when nothing is known, -1 for a second copy. */
function stepTo(stream: Stream, frame: Frame): number {
  const from = stream.seq;
  const gap = ahead(frame.seq, from);
  const isNear = frame.us - stream.us < STEP_US_MAX;
  if (gap === 0 && isNear) return -1;
  if (gap >= 2048 || !isNear) return 0;
  return Math.max(0, gap - stream.others.filter((seq) => ahead(seq, from) < gap && seq !== from).length);
}

function hearFrame(listening: Listening, frame: Frame): AirCredentials | undefined {
  const transmitter = frame.ds === "from" ? frame.bssid : frame.sa;
  const counter = counterOf(frame);
  noteForOthers(listening.streams, frame, transmitter, counter);
  let stream = listening.streams.find(
    (each) =>
      each.ds === frame.ds && each.counter === counter && equal(each.sa, frame.sa) && equal(each.bssid, frame.bssid),
  );
  let step = 0;
  if (stream === undefined) {
    if (!makeRoom(listening, frame.us)) return undefined;
    stream = startStream(listening.decoders, frame, counter);
    listening.streams.push(stream);
  } else {
    step = stepTo(stream, frame);
    if (step < 0) return undefined;
    stream.seq = frame.seq;
    stream.us = frame.us;
    stream.others = [];
  }
  stream.channel = frame.channel;
  stream.isFresh = true;
  for (const { overheadBytes, decoder } of stream.decoders) {
    const found = decoder.push(frame.bodyBytes - overheadBytes, step, frame.us, frame.da);
    if (found === undefined) continue;
    // What it said is said: should it come to nothing, the sender starts anew.
    listening.streams = listening.streams.filter((each) => each !== stream);
    return found;
  }
  return undefined;
}
