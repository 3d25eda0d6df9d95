/**
 * Chooses the channel that a unit listens on: it hops, stays where it hears a sender, and briefly checks the others
 * from there.
 *
 * A stay ends when the sender falls silent or its message comes no nearer for long. What was decoded is kept through
 * all of it, so a look at the other channels costs a slow sender a few frames, while whoever keeps a channel busy can't
 * hold the unit there: another sender gets its turn at the next look.
 * @source PROTOCOL 6.3.4
 */
import type { AccessPoint } from "#wire/air/frame.ts";
import type { Listener } from "#wire/air/listener.ts";

/** Every 2.4 GHz channel that is in use the world over, the three that don't overlap first. */
const ALL_CHANNELS: readonly number[] = [1, 6, 11, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13];

/** The last of 5 GHz. */
const CHANNEL_MAX = 177;

/** Longer than a DTIM interval of 102.4 ms, so that every visit sees a burst. */
const DWELL_MS = 150;
/** How often a stay is judged. */
const JUDGE_MS = 500;
/** A sender that is silent for so long is gone. */
const SILENCE_MS = 3_000;
/** A message that comes no nearer for so long is worth a look at the other channels. */
const STALL_MS = 3_000;
/** So is any stay, however well it goes. */
const TURN_MS = 15_000;
/** A message that comes no nearer for so long holds the unit no more, until it does; sooner where it never did. */
const VAIN_MS = 20_000;
const VAIN_FROM_THE_START_MS = 8_000;
/** Channels visited in one look: together they take less time than a decoder keeps its state. */
const LOOKS_MAX = 4;
/** Scan anew after hopping for so long without a sender. */
const RESCAN_MS = 10_000;

export interface Search {
  readonly channels: readonly number[];
  readonly startedMs: number;
  mode: "hopping" | "staying" | "looking";
  /** Which of the channels is listened on. */
  index: number;
  /** Which of them a look comes back to, and how many visits are left before that. */
  home: number;
  visitsLeft: number;
  /** Where the next look begins. */
  nextVisit: number;
  isProlonged: boolean;
  /** Whether the log says already that a sender can't be understood. */
  isFaultSaid: boolean;
  /** When the stay began, when its sender was last heard, when its message last came nearer, when the last look ended. */
  sinceMs: number;
  heardMs: number;
  nearerMs: number;
  lookedMs: number;
}

/** What the machine does next: listens on a channel or goes on listening, for so long, or scans. */
export type Turn = { readonly channel?: number; readonly forMs: number } | "scan";

/** Channels to search: where the scan found networks, strongest first, those of 5 GHz too where the radio has that band; or all. */
function channelsOf(accessPoints: readonly AccessPoint[]): readonly number[] {
  const strongest = [...accessPoints].sort((a, b) => b.rssiDbm - a.rssiDbm).map(({ channel }) => channel);
  const seen = [...new Set(strongest)].filter((channel) => channel >= 1 && channel <= CHANNEL_MAX);
  return seen.length > 0 ? seen : ALL_CHANNELS;
}

export function startSearch(accessPoints: readonly AccessPoint[], nowMs: number): Search {
  return {
    channels: channelsOf(accessPoints),
    startedMs: nowMs,
    mode: "hopping",
    index: -1,
    home: 0,
    visitsLeft: 0,
    nextVisit: 0,
    isProlonged: false,
    isFaultSaid: false,
    sinceMs: nowMs,
    heardMs: nowMs,
    nearerMs: nowMs,
    lookedMs: nowMs,
  };
}

function listenOn(search: Search, index: number, forMs: number): Turn {
  search.index = index;
  search.isProlonged = false;
  return { channel: search.channels[index] as number, forMs };
}

/** The next channel while nothing holds the unit on one. */
export function hopOn(search: Search, nowMs: number): Turn {
  search.mode = "hopping";
  const index = (search.index + 1) % search.channels.length;
  if (index === 0 && search.index >= 0 && nowMs - search.startedMs >= RESCAN_MS) return "scan";
  return listenOn(search, index, DWELL_MS);
}

function stay(search: Search, nowMs: number): Turn {
  search.mode = "staying";
  search.home = search.index;
  search.sinceMs = nowMs;
  search.heardMs = nowMs;
  search.nearerMs = nowMs;
  search.lookedMs = nowMs;
  return { forMs: JUDGE_MS };
}

/** Visits some of the other channels and comes back. */
export function lookRound(search: Search, nowMs: number): Turn {
  const others = search.channels.length - 1;
  if (search.mode !== "staying" || others === 0) return { forMs: JUDGE_MS };
  search.mode = "looking";
  search.visitsLeft = Math.min(others, LOOKS_MAX);
  return visit(search, nowMs);
}

function visit(search: Search, nowMs: number): Turn {
  const { channels, home } = search;
  if (search.visitsLeft === 0) {
    search.mode = "staying";
    search.lookedMs = nowMs;
    return listenOn(search, home, JUDGE_MS);
  }
  search.visitsLeft--;
  if (search.nextVisit % channels.length === home) search.nextVisit++;
  return listenOn(search, search.nextVisit++ % channels.length, DWELL_MS);
}

/** The time for the present channel is over: what was heard there decides. */
export function nextTurn(search: Search, listener: Listener, nowMs: number): Turn {
  const heard = listener.judge(search.channels[search.index] as number);
  if (search.mode === "staying") {
    if (heard.isSpeaking) search.heardMs = nowMs;
    if (heard.isNearer) search.nearerMs = nowMs;
    return judgeStay(search, listener, nowMs);
  }
  if (heard.isConvincing) return stay(search, nowMs);
  if (heard.isPromising && !search.isProlonged) {
    search.isProlonged = true;
    return { forMs: DWELL_MS };
  }
  return search.mode === "looking" ? visit(search, nowMs) : hopOn(search, nowMs);
}

function judgeStay(search: Search, listener: Listener, nowMs: number): Turn {
  const stalledMs = nowMs - search.nearerMs;
  const isVain = stalledMs >= (search.nearerMs === search.sinceMs ? VAIN_FROM_THE_START_MS : VAIN_MS);
  if (nowMs - search.heardMs >= SILENCE_MS || isVain) {
    if (isVain) listener.disregard(search.channels[search.index] as number);
    return hopOn(search, nowMs);
  }
  const isStalled = stalledMs >= STALL_MS && nowMs - search.lookedMs >= STALL_MS;
  if (isStalled || nowMs - search.lookedMs >= TURN_MS) return lookRound(search, nowMs);
  return { forMs: JUDGE_MS };
}
