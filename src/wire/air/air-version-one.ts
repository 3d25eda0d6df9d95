/**
 * Notices a sender of Air version 1, so that its owner hears why nothing happens: its lengths are 64 + 256 x (place
 * modulo 3) + symbol, and 832 + 15 x size + n for the anchor at place 17 n. Nothing of it is decoded.
 */
const LENGTH_MIN = 64;
const ANCHOR_MIN = LENGTH_MIN + 3 * 256;
const LENGTH_MAX = ANCHOR_MIN + 16 * 15 - 1;
/** Another sender's frames agree once in three times: so many in a row never do. */
const ENOUGH = 24;

export interface VersionOneWatch {
  /** Place modulo 3 of the last frame. */
  oldThird: number;
  /** Frames that agreed, less twice those that did not. */
  oldEvidence: number;
}

export function isVersionOne({ oldEvidence }: VersionOneWatch): boolean {
  return oldEvidence >= ENOUGH;
}

/** @param steps As far as the sender went on since its last frame, 0 when nothing is known. */
export function watchVersionOne(watch: VersionOneWatch, length: number, steps: number): void {
  const isAnchor = length >= ANCHOR_MIN;
  const third = isAnchor ? (17 * ((length - ANCHOR_MIN) % 15)) % 3 : Math.floor((length - LENGTH_MIN) / 256);
  const agrees = length <= LENGTH_MAX && steps > 0 && (watch.oldThird + steps) % 3 === third;
  watch.oldThird = third;
  watch.oldEvidence = agrees ? Math.min(2 * ENOUGH, watch.oldEvidence + 1) : Math.max(0, watch.oldEvidence - 2);
}
