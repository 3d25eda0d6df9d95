/**
 * Air, the listener's side. Frames get their places from the last anchor on, counting sequence numbers and minding the
 * place modulo 3; the next anchor confirms them or takes them back. Once enough different symbols are there, the
 * message is solved and its tag checked: nothing else decides, so a wrong place can cost time but never gives wrong
 * credentials. Work is bounded: at most one solution for every RETRY_FRAMES frames heard.
 * @source PROTOCOL 6.8
 */
import { rsMessage } from "#codec/reed-solomon.ts";
import { ANCHOR_EVERY, messageBytes, RING_FRAMES, readAirLength, type SealedAir, symbolAt } from "./air.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";

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

/** One frame counted on from a place that was sure. */
interface Step {
  /** Places after the trail's start. */
  readonly offset: number;
  readonly symbol: number;
  /** True when so many frames were missed just before it that its place is a guess. */
  readonly isAfterGap: boolean;
}

/** @param open Checks a whole message's tag. @returns A decoder that holds about 5 KB once it heard an anchor. */
export function airDecoder(open: (message: Uint8Array) => OpenedMessage | undefined): LengthDecoder {
  /** A symbol for each place of the ring, and when it came. */
  let symbols = new Uint16Array(0);
  let cameAt = new Uint32Array(0);
  /** 1 where an anchor on either side, or no gap, leaves no doubt of the place. */
  let sure = new Uint8Array(0);
  let known = 0;
  let size = -1;
  let otherSize = -1;
  let conflicts = 0;
  /** Frames since the last anchor or break; `anchor` is -1 when the trail has not met one. */
  let trail: Step[] = [];
  let anchor = -1;
  let offset = 0;
  /** Place modulo 3 of the last frame of the trail. */
  let third = 0;
  /** True from the first long gap after an anchor on. */
  let isGuess = false;
  let slack = 0;
  let lastUs = 0;
  let frames = 0;
  let retryAt = 0;
  let failures = 0;
  let score = 0;

  function forget() {
    symbols = new Uint16Array(0);
    cameAt = new Uint32Array(0);
    known = 0;
    conflicts = 0;
    size = -1;
    failures = 0;
    score = 0;
  }

  function breakTrail() {
    trail = [];
    anchor = -1;
    offset = 0;
    isGuess = false;
  }

  /** Notes a symbol. One whose place is a guess never displaces one whose place is sure. */
  function put(place: number, symbol: number, isSure: boolean) {
    if (symbols.length === 0) {
      symbols = new Uint16Array(RING_FRAMES).fill(EMPTY);
      cameAt = new Uint32Array(RING_FRAMES);
      sure = new Uint8Array(RING_FRAMES);
    }
    const before = symbols[place] as number;
    if (before === EMPTY) known++;
    else if (before !== symbol) {
      if (sure[place] === 1 && !isSure) return;
      if (sure[place] === 1 && ++conflicts >= CONFLICTS_MAX) {
        const keep = size;
        forget();
        size = keep;
        put(place, symbol, isSure);
        return;
      }
      sure[place] = 0;
    }
    symbols[place] = symbol;
    cameAt[place] = frames;
    if (isSure) sure[place] = 1;
  }

  function takeBack(place: number, symbol: number) {
    if (symbols[place] !== symbol || sure[place] === 1) return;
    symbols[place] = EMPTY;
    known--;
  }

  const placeOf = (from: number, steps: number) => (((from + steps) % RING_FRAMES) + RING_FRAMES) % RING_FRAMES;

  /** How far on a frame stands: the furthest place within `steps` that agrees with its place modulo 3. */
  function advance(steps: number, wanted: number): number {
    for (let on = steps; on > 0; on--) {
      if ((third + on) % 3 !== wanted) continue;
      if (anchor < 0 || placeOf(anchor, offset + on) % ANCHOR_EVERY !== 0) return on;
    }
    return -1;
  }

  function takeSymbol(steps: number, wanted: number, symbol: number) {
    if (steps < 1 || steps > STEP_MAX || trail.length >= TRAIL_MAX) breakTrail();
    const isFirst = anchor < 0 && trail.length === 0;
    const on = isFirst ? 0 : advance(steps, wanted);
    if (on < 0) {
      breakTrail();
      return;
    }
    offset += on;
    third = wanted;
    if (steps > SURE_STEPS) isGuess = true;
    trail.push({ offset, symbol, isAfterGap: steps > SURE_STEPS });
    if (anchor >= 0) put(placeOf(anchor, offset), symbol, !isGuess);
  }

  function takeAnchor(steps: number, place: number, anchorSize: number) {
    if (anchorSize !== size) {
      if (size >= 0 && anchorSize !== otherSize) {
        otherSize = anchorSize;
        return;
      }
      forget();
      size = anchorSize;
    }
    otherSize = -1;
    if (steps >= 1 && steps <= STEP_MAX && (anchor >= 0 || trail.length > 0)) {
      let on = steps;
      while (on > 0 && (third + on) % 3 !== place % 3) on--;
      if (anchor >= 0 && placeOf(anchor, offset + on) === place) {
        score += 2;
        if (isGuess) for (const step of trail) put(placeOf(anchor, step.offset), step.symbol, true);
      } else settle(place, offset + on, on > 0 && steps <= SURE_STEPS);
    }
    trail = [];
    anchor = place;
    offset = 0;
    third = place % 3;
    isGuess = false;
    score++;
  }

  /** An anchor that is the first, or stands elsewhere than counted: what leads up to it without a gap is placed by it. */
  function settle(place: number, distance: number, isSure: boolean) {
    let lastGap = 0;
    let firstGap = trail.length;
    trail.forEach((step, i) => {
      if (!step.isAfterGap) return;
      lastGap = i;
      firstGap = Math.min(firstGap, i);
    });
    if (anchor >= 0) {
      for (const step of trail.slice(firstGap)) takeBack(placeOf(anchor, step.offset), step.symbol);
      // Where only the last gap hid something, what was placed before it stands.
      if (firstGap === trail.length) return;
    }
    if (!isSure) return;
    for (const step of trail.slice(lastGap)) {
      const at = placeOf(place, step.offset - distance);
      if (at % ANCHOR_EVERY !== 0) put(at, step.symbol, true);
    }
  }

  /** Solves for the message from the surest and newest symbols. */
  function solve(us: number): Found | undefined {
    const k = size < 0 ? 0 : messageBytes(size);
    if (k === 0 || known < k || frames < retryAt) return undefined;
    retryAt = frames + RETRY_FRAMES * 2 ** Math.min(failures, 3);
    failures++;
    const places: number[] = [];
    for (let place = 0; place < RING_FRAMES; place++) if (symbols[place] !== EMPTY) places.push(place);
    const rank = (place: number) => (sure[place] as number) * 0x1_0000_0000 + (cameAt[place] as number);
    places.sort((a, b) => rank(b) - rank(a));
    places.length = k;
    const message = rsMessage(
      places.map(symbolAt),
      places.map((place) => symbols[place] as number),
    );
    const opened = open(message);
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

  function push(length: number, step: number, us: number, da: Uint8Array): Found | undefined {
    if (((da[0] as number) & 1) === 0) return undefined;
    if (lastUs !== 0 && us - lastUs > SILENCE_US) {
      forget();
      breakTrail();
    }
    lastUs = us;
    const said = readAirLength(length);
    if (said === undefined) {
      if (step === 0) breakTrail();
      else slack += step - 1;
      return undefined;
    }
    frames++;
    const steps = step === 0 ? 0 : step + slack;
    slack = 0;
    if (said.kind === "anchor") takeAnchor(steps, said.place, said.size);
    else takeSymbol(steps, said.third, said.symbol);
    return solve(us);
  }

  return { push, score: () => (score >= 4 ? LOCK_SCORE + known : score) };
}
