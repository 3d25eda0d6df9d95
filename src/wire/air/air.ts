/**
 * Air, Latchkey's own broadcast, version 2: a sealed message as a ring of packet lengths, of which any sufficient set
 * will do.
 *
 * The ring has 13 sections of 20 places. The first place of a section is an anchor, the 19 others carry one
 * Reed-Solomon symbol of nine bits each, and the lowest bit of their place. Anchor n says n times the message's size
 * class, modulo 13, so two anchors tell the class, and with it one anchor tells its section. The receiver finds the
 * places between anchors by the transmitter's sequence numbers, and the bit tells it of another sender's lost frame.
 * @source PROTOCOL 6.8
 */
import { assert } from "#base/assert.ts";
import { RS_SYMBOLS_MAX, rsSymbols } from "#codec/reed-solomon.ts";
import { messageSymbols, sizeClassOf } from "./air-message.ts";

export const AIR_PORT = 4755;

/** Prime, so that every size class visits every number. */
export const SECTIONS = 13;
/** An anchor and 19 symbols; even, so that the lowest bit of a place goes on from lap to lap. */
export const SECTION_FRAMES = 20;
export const RING_FRAMES = SECTIONS * SECTION_FRAMES;
export const SYMBOLS = RING_FRAMES - SECTIONS;
assert(SYMBOLS <= RS_SYMBOLS_MAX, "every place has a symbol of its own");
const LENGTH_MIN = 64;
const SYMBOL_VALUES = 512;
/** 1088 to 1100. */
const ANCHOR_MIN = LENGTH_MIN + 2 * SYMBOL_VALUES;

/** The lengths of a sealed message's ring; a sender goes round it as long as it has to. */
export function encodeAirRing(message: Uint8Array): readonly number[] {
  const sizeClass = sizeClassOf(message.length);
  assert(sizeClass > 0, "an Air message has one of the sizes");
  const symbols = rsSymbols(messageSymbols(message), SYMBOLS);
  return Array.from({ length: RING_FRAMES }, (_, place) => {
    const section = Math.floor(place / SECTION_FRAMES);
    if (place % SECTION_FRAMES === 0) return ANCHOR_MIN + ((section * sizeClass) % SECTIONS);
    return LENGTH_MIN + SYMBOL_VALUES * (place % 2) + (symbols[symbolAt(place)] as number);
  });
}

/** Which symbol stands at a place that is no anchor. */
export function symbolAt(place: number): number {
  return place - 1 - Math.floor(place / SECTION_FRAMES);
}

/** x / y modulo the number of sections. @param y Not 0. */
export function sectionQuotient(x: number, y: number): number {
  let quotient = 0;
  while ((quotient * y + SECTIONS * SECTIONS - x) % SECTIONS !== 0) quotient++;
  return quotient;
}

/** What one length says: an anchor's number, or a symbol with the lowest bit of its place. */
type AirLength =
  | { readonly kind: "anchor"; readonly number: number }
  | { readonly kind: "symbol"; readonly bit: number; readonly symbol: number };

export function readAirLength(length: number): AirLength | undefined {
  if (length < LENGTH_MIN || length >= ANCHOR_MIN + SECTIONS) return undefined;
  if (length >= ANCHOR_MIN) return { kind: "anchor", number: length - ANCHOR_MIN };
  const value = length - LENGTH_MIN;
  return { kind: "symbol", bit: Math.floor(value / SYMBOL_VALUES), symbol: value % SYMBOL_VALUES };
}
