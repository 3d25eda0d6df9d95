/** Models the loss of frames between an access point and one receiver. */
import type { RandomSource } from "./random-source.ts";

/** `rate` of the frames, each by itself; or in bursts of `burstFrames` on average (Gilbert-Elliott, a bad state loses all). */
export interface Loss {
  readonly rate: number;
  readonly burstFrames?: number;
}

/** @returns A function that tells for each frame in turn whether this receiver misses it. */
export function createLoss({ rate, burstFrames }: Loss, random: RandomSource): () => boolean {
  if (burstFrames === undefined || rate === 0) return () => random.next() < rate;
  const toGood = 1 / burstFrames;
  const toBad = (rate * toGood) / (1 - rate);
  let isBad = random.next() < rate;
  return () => {
    const isLost = isBad;
    isBad = isBad ? random.next() >= toGood : random.next() < toBad;
    return isLost;
  };
}
