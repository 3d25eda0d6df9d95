/**
 * Places the frames of a sender that goes round a fixed order. Some frames say where they stand; the others are placed
 * between two such anchors only when the transmitter's sequence numbers leave exactly as many frames between the two as
 * the order has: then none of them can be another sender's, and every place is certain. Right after an anchor, or right
 * before one, frames without any gap are certain too. Everything else is dropped, so that neighbouring groups are never
 * spliced.
 * @source PROTOCOL 6.3
 */

/** Frames held between two anchors. */
const PENDING_MAX = 96;

export interface Bracket {
  /** A frame whose place only counting tells. `steps` is 0 when nothing is known. */
  frame(steps: number, value: number): void;
  /** A frame that tells its place on a round of so many frames. */
  anchor(steps: number, place: number, ringFrames: number): void;
  /** Where a frame so many steps on would stand if nobody else had sent; -1 without an anchor. */
  predict(steps: number): number;
  lose(): void;
}

/** @param put Takes each certain place with the frame's value. */
export function createBracket(put: (place: number, value: number) => void): Bracket {
  let values: number[] = [];
  let offsets: number[] = [];
  let from = -1;
  let ring = 1;
  let distance = 0;
  /** True while every frame since the anchor came without a gap. */
  let isGapless = false;

  const at = (steps: number) => (((from + steps) % ring) + ring) % ring;

  function lose() {
    values = [];
    offsets = [];
    from = -1;
    distance = 0;
    isGapless = false;
  }

  return {
    lose,
    predict: (steps) => (from < 0 || steps < 1 ? -1 : at(distance + steps)),
    frame(steps, value) {
      if (steps < 1 || values.length >= PENDING_MAX) lose();
      distance += Math.max(1, steps);
      if (steps !== 1) isGapless = false;
      if (isGapless) put(at(distance), value);
      else {
        values.push(value);
        offsets.push(distance);
      }
    },
    anchor(steps, place, ringFrames) {
      if (steps < 1) lose();
      const total = distance + Math.max(1, steps);
      const isBracketed = from >= 0 && ring === ringFrames && total < ring && at(total) === place;
      ring = ringFrames;
      if (isBracketed) values.forEach((value, i) => void put(at(offsets[i] as number), value));
      else {
        let next = total;
        for (let i = values.length - 1; i >= 0 && offsets[i] === next - 1; i--) {
          next--;
          put((((place - (total - next)) % ring) + ring) % ring, values[i] as number);
        }
      }
      values = [];
      offsets = [];
      from = place;
      distance = 0;
      isGapless = true;
    },
  };
}
