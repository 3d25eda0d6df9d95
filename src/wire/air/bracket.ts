/**
 * Places the frames of a sender that goes round a fixed order. Some frames say where they stand; the others are placed
 * between two such anchors only when the transmitter's sequence numbers leave exactly as many frames between the two as
 * the order has: then none of them can be another's, nor another program's of the same phone, and every place is
 * certain. Frames without any gap behind an anchor are certain too, once so many more came that a frame too many would
 * have shown. Everything else is dropped, so that neighbouring groups are never spliced.
 *
 * A record and functions on it rather than closures: a unit has dozens of them.
 * @source PROTOCOL 6.3
 */

/** Frames held between two anchors. */
const PENDING_MAX = 96;
/** Values are packet lengths, below this. */
const VALUES = 2048;
/** In the orders here, a frame too many shifts a frame to where its kind can't stand within so many frames. */
const SETTLED_FRAMES = 6;

export interface Bracket {
  /** Takes each certain place with the frame's value. */
  readonly put: (place: number, value: number) => void;
  /** Frames held, each its distance from the anchor times VALUES and its value: a number takes the least memory. */
  held: number[];
  /** Place of the last anchor, -1 without one. */
  from: number;
  ring: number;
  /** Frames since it. */
  distance: number;
  /** True while every frame since the anchor came without a gap. */
  isGapless: boolean;
}

export function newBracket(put: Bracket["put"]): Bracket {
  return { put, held: [], from: -1, ring: 1, distance: 0, isGapless: false };
}

function placeAt({ from, ring }: Bracket, steps: number): number {
  return (((from + steps) % ring) + ring) % ring;
}

/** Forgets place and frames held. */
export function losePlace(bracket: Bracket): void {
  bracket.held = [];
  bracket.from = -1;
  bracket.distance = 0;
  bracket.isGapless = false;
}

/** Where a frame so many steps on would stand if nobody else had sent; -1 without an anchor less than a round ago. */
export function predictPlace(bracket: Bracket, steps: number): number {
  const { from, ring, distance } = bracket;
  return from < 0 || steps < 1 || distance + steps > ring ? -1 : placeAt(bracket, distance + steps);
}

/** Everything held is certain. */
function settle(bracket: Bracket): void {
  const { held } = bracket;
  const places = held.map((frame) => placeAt(bracket, Math.floor(frame / VALUES)));
  bracket.held = [];
  for (let i = 0; i < held.length; i++) bracket.put(places[i] as number, (held[i] as number) % VALUES);
}

/** A frame of this sender that says nothing. `steps` is 0 when nothing is known. */
export function skipFrame(bracket: Bracket, steps: number): void {
  if (steps < 1) losePlace(bracket);
  bracket.distance += Math.max(1, steps);
  if (steps !== 1) bracket.isGapless = false;
  while (bracket.isGapless && bracket.held.length > 0) {
    const first = bracket.held[0] as number;
    if (Math.floor(first / VALUES) > bracket.distance - SETTLED_FRAMES) return;
    bracket.held.shift();
    bracket.put(placeAt(bracket, Math.floor(first / VALUES)), first % VALUES);
  }
}

/**
 * A frame whose place only counting tells.
 * @param isEnd Whether it would be the last that says something before the sender does something else.
 */
export function holdFrame(bracket: Bracket, steps: number, value: number, isEnd = false): void {
  if (bracket.held.length >= PENDING_MAX) losePlace(bracket);
  skipFrame(bracket, steps);
  if (bracket.from < 0) return;
  bracket.held.push(VALUES * bracket.distance + value);
  // The end of the order: nothing more of it may come for a while.
  const isLast = isEnd || bracket.distance === bracket.ring - 1 - bracket.from;
  if (bracket.isGapless && isLast) settle(bracket);
}

/** A frame that tells its place on a round of so many frames. */
export function anchorFrame(bracket: Bracket, steps: number, place: number, ringFrames: number): void {
  if (steps < 1) losePlace(bracket);
  if (bracket.ring === ringFrames && predictPlace(bracket, Math.max(1, steps)) === place) settle(bracket);
  losePlace(bracket);
  bracket.ring = ringFrames;
  bracket.from = place;
  bracket.isGapless = true;
}
