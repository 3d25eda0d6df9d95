/**
 * Air, the listener's side. Frames get their places from the last anchor on, counting sequence numbers and minding the
 * place modulo 3; the next anchor confirms them or takes them back. Once enough different symbols are there, the
 * message is solved and its tag checked: nothing else decides, so a wrong place can cost time but never gives wrong
 * credentials. Work is bounded: at most one solution for every RETRY_FRAMES frames heard.
 * @source PROTOCOL 6.8
 */
import { rsMessage } from "#codec/reed-solomon.ts";
import { ANCHOR_EVERY, messageBytes, RING_FRAMES, readAirLength, type SealedAir, symbolAt } from "./air.ts";
import { type Found, LACKS_ALL, type LengthDecoder, LOCK_SCORE } from "./found.ts";

/** What the injected opener gives for a message whose tag holds. */
export interface OpenedMessage extends Pick<SealedAir, "counter" | "salt"> {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly extra: Uint8Array;
  readonly timeHintS: number;
}

/** A longer gap may hide any number of the sender's frames. */
const STEP_MAX = 64;
/** Up to so many steps the place modulo 3 leaves no doubt. */
const SURE_STEPS = 3;
/** Places counted on from an anchor are remembered until the next one, at most so many. */
const TRAIL_MAX = 128;
const RETRY_FRAMES = 8;
/** So many places that say something else than before mean that another message began. */
const CONFLICTS_MAX = 4;
const SILENCE_US = 2_000_000;
const EMPTY = 0xffff;

/**
 * A frame counted on from a place that was sure, as one number: places after the trail's start times STEP, AFTER_GAP where so
 * many frames were missed just before it that its place is a guess, and its symbol.
 */
const [STEP, AFTER_GAP] = [512, 256] as const;

type Open = (message: Uint8Array) => OpenedMessage | undefined;

interface Air {
  readonly open: Open;
  /** A symbol for each place of the ring, and when it came. */
  symbols: Uint16Array;
  cameAt: Uint32Array;
  /** 1 where an anchor on either side, or no gap, leaves no doubt of the place. */
  sure: Uint8Array;
  known: number;
  size: number;
  otherSize: number;
  conflicts: number;
  /** Frames since the last anchor or break; `anchor` is -1 when the trail has not met one. */
  trail: number[];
  anchor: number;
  offset: number;
  /** Place modulo 3 of the last frame of the trail. */
  third: number;
  /** True from the first long gap after an anchor on. */
  isGuess: boolean;
  slack: number;
  lastUs: number;
  frames: number;
  retryAt: number;
  failures: number;
  score: number;
}

/** @param open Checks a whole message's tag. @returns A decoder that holds about 5 KB once it heard an anchor. */
export function airDecoder(open: Open): LengthDecoder {
  const air: Air = {
    open,
    symbols: new Uint16Array(0),
    cameAt: new Uint32Array(0),
    sure: new Uint8Array(0),
    known: 0,
    size: -1,
    otherSize: -1,
    conflicts: 0,
    trail: [],
    anchor: -1,
    offset: 0,
    third: 0,
    isGuess: false,
    slack: 0,
    lastUs: 0,
    frames: 0,
    retryAt: 0,
    failures: 0,
    score: 0,
  };
  return {
    push: (length, step, us, da) => push(air, length, step, us, da),
    score: () => (air.score >= 4 ? LOCK_SCORE + air.known : air.score),
    lacks: () => (air.size < 0 ? LACKS_ALL : messageBytes(air.size) - air.known),
  };
}

function forget(air: Air) {
  air.symbols = new Uint16Array(0);
  air.cameAt = new Uint32Array(0);
  air.known = 0;
  air.conflicts = 0;
  air.size = -1;
  air.failures = 0;
  air.score = 0;
}

function breakTrail(air: Air) {
  air.trail = [];
  air.anchor = -1;
  air.offset = 0;
  air.isGuess = false;
}

/** Notes a symbol. One whose place is a guess never displaces one whose place is sure. */
function put(air: Air, place: number, symbol: number, isSure: boolean) {
  if (air.symbols.length === 0) {
    air.symbols = new Uint16Array(RING_FRAMES).fill(EMPTY);
    air.cameAt = new Uint32Array(RING_FRAMES);
    air.sure = new Uint8Array(RING_FRAMES);
  }
  const before = air.symbols[place] as number;
  if (before === EMPTY) air.known++;
  else if (before !== symbol) {
    if (air.sure[place] === 1 && !isSure) return;
    if (air.sure[place] === 1 && ++air.conflicts >= CONFLICTS_MAX) {
      const keep = air.size;
      forget(air);
      air.size = keep;
      put(air, place, symbol, isSure);
      return;
    }
    air.sure[place] = 0;
  }
  air.symbols[place] = symbol;
  air.cameAt[place] = air.frames;
  if (isSure) air.sure[place] = 1;
}

function takeBack(air: Air, place: number, symbol: number) {
  if (air.symbols[place] !== symbol || air.sure[place] === 1) return;
  air.symbols[place] = EMPTY;
  air.known--;
}

function offsetOf(step: number): number {
  return Math.floor(step / STEP);
}

function placeOf(from: number, steps: number): number {
  return (((from + steps) % RING_FRAMES) + RING_FRAMES) % RING_FRAMES;
}

/** How far on a frame stands: the furthest place within `steps` that agrees with its place modulo 3. */
function advance(air: Air, steps: number, wanted: number): number {
  for (let on = steps; on > 0; on--) {
    if ((air.third + on) % 3 !== wanted) continue;
    if (air.anchor < 0 || placeOf(air.anchor, air.offset + on) % ANCHOR_EVERY !== 0) return on;
  }
  return -1;
}

function takeSymbol(air: Air, steps: number, wanted: number, symbol: number) {
  if (steps < 1 || steps > STEP_MAX || air.trail.length >= TRAIL_MAX) breakTrail(air);
  const isFirst = air.anchor < 0 && air.trail.length === 0;
  const on = isFirst ? 0 : advance(air, steps, wanted);
  if (on < 0) {
    breakTrail(air);
    return;
  }
  air.offset += on;
  air.third = wanted;
  if (steps > SURE_STEPS) air.isGuess = true;
  air.trail.push(STEP * air.offset + (steps > SURE_STEPS ? AFTER_GAP : 0) + symbol);
  if (air.anchor >= 0) put(air, placeOf(air.anchor, air.offset), symbol, !air.isGuess);
}

function takeAnchor(air: Air, steps: number, place: number, anchorSize: number) {
  if (anchorSize !== air.size) {
    if (air.size >= 0 && anchorSize !== air.otherSize) {
      air.otherSize = anchorSize;
      return;
    }
    forget(air);
    air.size = anchorSize;
  }
  air.otherSize = -1;
  if (steps >= 1 && steps <= STEP_MAX && (air.anchor >= 0 || air.trail.length > 0)) {
    let on = steps;
    while (on > 0 && (air.third + on) % 3 !== place % 3) on--;
    if (air.anchor >= 0 && placeOf(air.anchor, air.offset + on) === place) {
      air.score += 2;
      if (air.isGuess) {
        for (const step of air.trail) put(air, placeOf(air.anchor, offsetOf(step)), step % AFTER_GAP, true);
      }
    } else settle(air, place, air.offset + on, on > 0 && steps <= SURE_STEPS);
  }
  air.trail = [];
  air.anchor = place;
  air.offset = 0;
  air.third = place % 3;
  air.isGuess = false;
  air.score++;
}

/** An anchor that is the first, or stands elsewhere than counted: what leads up to it without a gap is placed by it. */
function settle(air: Air, place: number, distance: number, isSure: boolean) {
  let lastGap = 0;
  let firstGap = air.trail.length;
  air.trail.forEach((step, i) => {
    if ((step & AFTER_GAP) === 0) return;
    lastGap = i;
    firstGap = Math.min(firstGap, i);
  });
  if (air.anchor >= 0) {
    for (const step of air.trail.slice(firstGap)) takeBack(air, placeOf(air.anchor, offsetOf(step)), step % AFTER_GAP);
    // Where only the last gap hid something, what was placed before it stands.
    if (firstGap === air.trail.length) return;
  }
  if (!isSure) return;
  for (const step of air.trail.slice(lastGap)) {
    const at = placeOf(place, offsetOf(step) - distance);
    if (at % ANCHOR_EVERY !== 0) put(air, at, step % AFTER_GAP, true);
  }
}

/** Solves for the message from the surest and newest symbols. */
function solve(air: Air, us: number): Found | undefined {
  const k = air.size < 0 ? 0 : messageBytes(air.size);
  if (k === 0 || air.known < k || air.frames < air.retryAt) return undefined;
  air.retryAt = air.frames + RETRY_FRAMES * 2 ** Math.min(air.failures, 3);
  air.failures++;
  const places: number[] = [];
  for (let place = 0; place < RING_FRAMES; place++) if (air.symbols[place] !== EMPTY) places.push(place);
  const rank = (place: number) => (air.sure[place] as number) * 0x1_0000_0000 + (air.cameAt[place] as number);
  places.sort((a, b) => rank(b) - rank(a));
  places.length = k;
  const message = rsMessage(
    places.map(symbolAt),
    places.map((place) => air.symbols[place] as number),
  );
  const opened = air.open(message);
  if (opened === undefined) return undefined;
  const { ssid, passphrase, extra, counter, salt, timeHintS } = opened;
  return {
    protocol: "air",
    ssid,
    passphrase,
    reserved: extra,
    us,
    token: 0,
    sealed: { counter, salt, timeHintS },
  };
}

function push(air: Air, length: number, step: number, us: number, da: Uint8Array): Found | undefined {
  if (((da[0] as number) & 1) === 0) return undefined;
  if (air.lastUs !== 0 && us - air.lastUs > SILENCE_US) {
    forget(air);
    breakTrail(air);
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
  if (said.kind === "anchor") takeAnchor(air, steps, said.place, said.size);
  else takeSymbol(air, steps, said.third, said.symbol);
  return solve(air, us);
}
