/**
 * Decodes Air, Latchkey's own broadcast protocol, on the listener's side. Each frame gets a place in the ring from the
 * last anchor, from its sequence number and from the lowest bit of the place. The next anchor confirms these places or
 * discards them. Once there are enough different symbols, the decoder solves the message and checks its tag. Only the
 * tag decides: a wrong place can cost time but never yields wrong credentials. Work is bounded: at most one solution is
 * tried for every RETRY_FRAMES frames heard.
 * @source PROTOCOL 6.8
 */
import type { Fault } from "#base/faults.ts";
import { readAirLength, SECTION_FRAMES } from "./air.ts";
import { type AirCredentials, LACKS_ALL, type LengthDecoder, LOCK_SCORE } from "./air-credentials.ts";
import { type SealedAir, symbolCount } from "./air-message.ts";
import {
  type AirSymbols,
  forgetSymbols,
  learnClass,
  newAirSymbols,
  putSymbol,
  solveSymbols,
  takeBack,
} from "./air-symbols.ts";
import { isVersionOne, type VersionOneWatch, watchVersionOne } from "./air-version-one.ts";

/** What the injected opener gives for a message whose tag holds. */
interface OpenedMessage extends Pick<SealedAir, "counter" | "tag"> {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly extra: Uint8Array;
  readonly timeHintS: number;
}

/** A longer gap may hide any number of the sender's frames. */
const STEP_MAX = 64;
/** Up to so many steps the lowest bit of the place leaves no doubt. */
const SURE_STEPS = 2;
/** Frames remembered from one anchor to the next, three sections' worth. */
const TRAIL_MAX = 60;
const RETRY_FRAMES = 4;
const RETRY_DOUBLINGS = 4;
const SILENCE_US = 2_000_000;

/** Evidence that this sender speaks Air: a frame more for each whose bit is as counted, some less for each other. */
const EVIDENCE_MAX = 24;
const EVIDENCE_ENOUGH = 10;
const EVIDENCE_LOST = 4;

/**
 * A frame of the trail as one number: its distance from the trail's start times STEP, AFTER_GAP where so many frames were
 * missed just before it that its place is a guess, and its symbol.
 */
const [STEP, AFTER_GAP] = [1024, 512] as const;

interface Air extends AirSymbols, VersionOneWatch {
  readonly open: (message: Uint8Array) => OpenedMessage | undefined;
  /** Frames since the last anchor or break; `anchor` is its number, -1 when the trail has not met one. */
  trail: number[];
  anchor: number;
  offset: number;
  /** Lowest bit of the place of the trail's last frame. */
  bit: number;
  /** True from the first long gap after an anchor on. */
  isGuess: boolean;
  /** True from the first frame on that could only stand nearer than counted. */
  isDoubtful: boolean;
  slack: number;
  lastUs: number;
  retryAt: number;
  evidence: number;
}

/** @param open Checks a whole message's tag. @returns A decoder that holds about 3 KB once it heard two anchors. */
export function airDecoder(open: Air["open"]): LengthDecoder {
  const air: Air = {
    open,
    oldThird: 0,
    oldEvidence: 0,
    ...newAirSymbols(),
    trail: [],
    anchor: -1,
    offset: 0,
    bit: 0,
    isGuess: false,
    isDoubtful: false,
    slack: 0,
    lastUs: 0,
    retryAt: 0,
    evidence: 0,
  };
  return {
    push: (length, step, us, da) => push(air, length, step, us, da),
    score: () => Math.floor((air.evidence * LOCK_SCORE) / EVIDENCE_ENOUGH),
    lacks: () => (air.sizeClass === 0 ? LACKS_ALL : symbolCount(air.sizeClass) - air.known),
    fault: (): Fault | undefined => (isVersionOne(air) ? "AIR_VERSION" : undefined),
  };
}

function breakTrail(air: Air) {
  air.trail = [];
  air.anchor = -1;
  air.offset = 0;
  air.isGuess = false;
  air.isDoubtful = false;
}

function distanceOf(frame: number): number {
  return Math.floor(frame / STEP);
}

function judgeEvidence(air: Air, isAsCounted: boolean) {
  air.evidence = isAsCounted ? Math.min(EVIDENCE_MAX, air.evidence + 1) : Math.max(0, air.evidence - EVIDENCE_LOST);
}

/** How far on a frame stands: the furthest place within `steps` whose lowest bit agrees, and that is no anchor's; or -1. */
function advance(air: Air, steps: number, bit: number): number {
  for (let on = steps; on > 0; on--) {
    if ((air.bit + on) % 2 !== bit) continue;
    if (air.anchor < 0 || (air.offset + on) % SECTION_FRAMES !== 0) return on;
  }
  return -1;
}

function takeSymbol(air: Air, steps: number, bit: number, symbol: number) {
  if (steps < 1 || steps > STEP_MAX || air.trail.length >= TRAIL_MAX) breakTrail(air);
  const isFirst = air.anchor < 0 && air.trail.length === 0;
  const on = isFirst ? 0 : advance(air, steps, bit);
  if (!isFirst) judgeEvidence(air, on === steps);
  if (on < 0) {
    breakTrail(air);
    return;
  }
  air.offset += on;
  air.bit = bit;
  if (steps > SURE_STEPS) air.isGuess = true;
  // So many frames of others can't all have been lost just here: something before it was counted wrongly.
  if (!isFirst && on < steps - 1) air.isDoubtful = true;
  air.trail.push(STEP * air.offset + (steps > SURE_STEPS ? AFTER_GAP : 0) + symbol);
  if (air.anchor >= 0) putSymbol(air, air.anchor, air.offset, symbol, !air.isGuess);
}

function takeAnchor(air: Air, steps: number, number: number) {
  if (steps >= 1 && steps <= STEP_MAX && (air.anchor >= 0 || air.trail.length > 0)) {
    const on = (air.bit + steps) % 2 === 0 ? steps : steps - 1;
    const distance = air.offset + on;
    // Frames of others that were lost may have been counted, so the next whole number of sections is meant.
    const sections = Math.round(distance / SECTION_FRAMES);
    const agrees = air.anchor >= 0 && learnClass(air, air.anchor, number, sections);
    if (agrees && on > 0 && distance === sections * SECTION_FRAMES && !air.isDoubtful) {
      judgeEvidence(air, true);
      if (air.isGuess)
        for (const frame of air.trail) putSymbol(air, air.anchor, distanceOf(frame), frame % AFTER_GAP, true);
    } else settle(air, number, distance, on > 0 && steps <= SURE_STEPS);
  }
  air.trail = [];
  air.anchor = number;
  air.offset = 0;
  air.bit = 0;
  air.isGuess = false;
  air.isDoubtful = false;
}

/**
 * An anchor that is the first, or stands elsewhere than counted. What leads up to it without a gap is placed by it. Of
 * the rest, what stands behind the widest gap is too, as a guess: most likely the frames counted too many were lost there.
 */
function settle(air: Air, number: number, distance: number, isSure: boolean) {
  const { trail, anchor } = air;
  let lastGap = 0;
  let widestGap = anchor >= 0 ? trail.length : 0;
  let widest = anchor >= 0 && !isSure ? distance - air.offset : SURE_STEPS;
  let before = 0;
  trail.forEach((frame, i) => {
    const at = distanceOf(frame);
    if ((frame & AFTER_GAP) !== 0) {
      lastGap = i;
      if (anchor >= 0 && at - before > widest) {
        widest = at - before;
        widestGap = i;
      }
    }
    before = at;
  });
  trail.forEach((frame, i) => {
    if (i < widestGap) return;
    const at = distanceOf(frame);
    if (anchor >= 0) takeBack(air, anchor, at, frame % AFTER_GAP);
    putSymbol(air, number, at - distance, frame % AFTER_GAP, isSure && i >= lastGap);
  });
}

/** Solves for the message from the surest and newest symbols. */
function solve(air: Air, us: number): AirCredentials | undefined {
  const k = air.sizeClass === 0 ? 0 : symbolCount(air.sizeClass);
  if (k === 0 || air.known < k || air.frames < air.retryAt) return undefined;
  air.retryAt = air.frames + RETRY_FRAMES * 2 ** Math.min(air.failures, RETRY_DOUBLINGS);
  air.failures++;
  const opened = air.open(solveSymbols(air, k));
  if (opened === undefined) return undefined;
  const { ssid, passphrase, extra, counter, tag, timeHintS } = opened;
  return {
    protocol: "air",
    ssid,
    passphrase,
    reserved: extra,
    us,
    token: 0,
    sealed: { counter, tag, timeHintS },
  };
}

function push(air: Air, length: number, step: number, us: number, da: Uint8Array): AirCredentials | undefined {
  if (((da[0] as number) & 1) === 0) return undefined;
  if (air.lastUs !== 0 && us - air.lastUs > SILENCE_US) {
    forgetSymbols(air, 0);
    breakTrail(air);
    air.evidence = 0;
  }
  air.lastUs = us;
  const said = readAirLength(length);
  if (said === undefined) {
    if (step === 0) breakTrail(air);
    else air.slack += step - 1;
    return undefined;
  }
  air.frames++;
  const steps = step === 0 ? 0 : step + air.slack;
  air.slack = 0;
  watchVersionOne(air, length, steps);
  if (said.kind === "anchor") takeAnchor(air, steps, said.number);
  else takeSymbol(air, steps, said.bit, said.symbol);
  return solve(air, us);
}
