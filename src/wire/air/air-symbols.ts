/**
 * The received part of an Air message: a symbol for each place of the ring, as far as it was heard, and the size class.
 *
 * An anchor's number tells its section only once the class is known, which takes two anchors. Symbols that were placed
 * before that wait, each with its anchor's number and its distance from there.
 * @source PROTOCOL 6.8
 */
import { rsMessage } from "#codec/reed-solomon.ts";
import { RING_FRAMES, SECTION_FRAMES, SECTIONS, sectionQuotient, symbolAt } from "./air.ts";
import { symbolsMessage } from "./air-message.ts";

const WAITING_MAX = 90;
/** So many places that say something else than before mean that another message began. */
const CONFLICTS_MAX = 4;
const EMPTY = 0xffff;

/**
 * A waiting symbol as one number: its anchor's number times RING_FRAMES and its distance from there, times STEP; SURE where
 * its place is; the symbol.
 */
const [STEP, SURE] = [1024, 512] as const;

export interface AirSymbols {
  /** 1 to 12; 0 while it is not known. Another one counts once two pairs of anchors say so. */
  sizeClass: number;
  otherClass: number;
  /** A symbol for each place of the ring, SURE where an anchor or no gap leaves no doubt of the place; and when it came. */
  symbols: Uint16Array;
  cameAt: Uint16Array;
  known: number;
  conflicts: number;
  waiting: number[];
  /** Frames heard in all. */
  frames: number;
  failures: number;
}

export function newAirSymbols(): AirSymbols {
  return {
    sizeClass: 0,
    otherClass: 0,
    symbols: new Uint16Array(0),
    cameAt: new Uint16Array(0),
    known: 0,
    conflicts: 0,
    waiting: [],
    frames: 0,
    failures: 0,
  };
}

export function forgetSymbols(air: AirSymbols, sizeClass: number) {
  air.symbols = new Uint16Array(0);
  air.cameAt = new Uint16Array(0);
  air.known = 0;
  air.conflicts = 0;
  air.waiting = [];
  air.sizeClass = sizeClass;
  air.otherClass = 0;
  air.failures = 0;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** Notes a symbol so many places behind (or, negative, before) an anchor. */
export function putSymbol(air: AirSymbols, anchor: number, distance: number, symbol: number, isSure: boolean) {
  const behind = modulo(distance, RING_FRAMES);
  if (air.sizeClass === 0) {
    if (air.waiting.length < WAITING_MAX) {
      air.waiting.push((anchor * RING_FRAMES + behind) * STEP + (isSure ? SURE : 0) + symbol);
    }
    return;
  }
  const place = (SECTION_FRAMES * sectionQuotient(anchor, air.sizeClass) + behind) % RING_FRAMES;
  if (place % SECTION_FRAMES !== 0) putAt(air, place, symbol, isSure);
}

/** One whose place is a guess never displaces one whose place is sure. */
function putAt(air: AirSymbols, place: number, symbol: number, isSure: boolean) {
  if (air.symbols.length === 0) {
    air.symbols = new Uint16Array(RING_FRAMES).fill(EMPTY);
    air.cameAt = new Uint16Array(RING_FRAMES);
  }
  const before = air.symbols[place] as number;
  const wasSure = before !== EMPTY && before >= SURE;
  const isSame = before % SURE === symbol && before !== EMPTY;
  if (before === EMPTY) air.known++;
  else if (!isSame && wasSure) {
    if (!isSure) return;
    if (++air.conflicts >= CONFLICTS_MAX) {
      forgetSymbols(air, air.sizeClass);
      putAt(air, place, symbol, isSure);
      return;
    }
  }
  air.symbols[place] = symbol + (isSure || (isSame && wasSure) ? SURE : 0);
  air.cameAt[place] = air.frames;
}

export function takeBack(air: AirSymbols, anchor: number, distance: number, symbol: number) {
  if (air.sizeClass === 0) return;
  const place = modulo(SECTION_FRAMES * sectionQuotient(anchor, air.sizeClass) + distance, RING_FRAMES);
  if (air.symbols[place] !== symbol) return;
  air.symbols[place] = EMPTY;
  air.known--;
}

/** What two anchors so many sections apart say of the size class. @returns Whether they agree with it. */
export function learnClass(air: AirSymbols, from: number, to: number, sections: number): boolean {
  const { sizeClass } = air;
  if (sizeClass > 0 && (from + sections * sizeClass) % SECTIONS === to) {
    air.otherClass = 0;
    return true;
  }
  if (sections % SECTIONS === 0 || from === to) return false;
  const said = sectionQuotient(modulo(to - from, SECTIONS), sections % SECTIONS);
  if (sizeClass > 0 && said !== air.otherClass) {
    air.otherClass = said;
    return false;
  }
  const waiting = sizeClass > 0 ? [] : air.waiting;
  forgetSymbols(air, said);
  for (const frame of waiting) {
    const at = Math.floor(frame / STEP);
    putSymbol(air, Math.floor(at / RING_FRAMES), at % RING_FRAMES, frame % SURE, frame % STEP >= SURE);
  }
  return true;
}

/** The message that the surest and newest k symbols make. */
export function solveSymbols(air: AirSymbols, k: number): Uint8Array {
  const places: number[] = [];
  for (let place = 0; place < RING_FRAMES; place++) if (air.symbols[place] !== EMPTY) places.push(place);
  const rank = (place: number) =>
    Math.floor((air.symbols[place] as number) / SURE) * 0x1_0000 + (air.cameAt[place] as number);
  places.sort((a, b) => rank(b) - rank(a));
  places.length = k;
  const message = rsMessage(
    places.map(symbolAt),
    places.map((place) => (air.symbols[place] as number) % SURE),
  );
  return symbolsMessage(message, air.sizeClass);
}
