/** How frames get lost between an access point and one receiver. */
import type { Chance } from "./chance.ts";

/** `rate` of the frames, each by itself; or in bursts of `burstFrames` on average (Gilbert-Elliott, a bad state loses all). */
export interface Loss {
  readonly rate: number;
  readonly burstFrames?: number;
}

/** @returns A function that tells for each frame in turn whether this receiver misses it. */
export function createLoss({ rate, burstFrames }: Loss, chance: Chance): () => boolean {
  if (burstFrames === undefined || rate === 0) return () => chance.next() < rate;
  const toGood = 1 / burstFrames;
  const toBad = (rate * toGood) / (1 - rate);
  let isBad = chance.next() < rate;
  return () => {
    const isLost = isBad;
    isBad = isBad ? chance.next() >= toGood : chance.next() < toBad;
    return isLost;
  };
}
