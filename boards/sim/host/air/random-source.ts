/** A seeded random source for models: the same seed gives the same run. */

export interface RandomSource {
  /** Evenly in [0, 1). */
  next(): number;
  /** A whole number, 0 to below - 1. */
  below(limit: number): number;
  bytes(byteLength: number): Uint8Array;
  /** Time to the next event of a Poisson process of this rate. */
  interval(perUnit: number): number;
}

/** A generator in the manner of Marsaglia's xorshift, 128 bits of state spread from a 32-bit seed. */
export function createRandomSource(seed: number): RandomSource {
  let spread = (seed >>> 0) ^ 0x9e3779b9;
  const word = () => {
    spread = (spread + 0x6d2b79f5) | 0;
    let mixed = Math.imul(spread ^ (spread >>> 15), 1 | spread);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) | 0;
  };
  let [x, y, z, w] = [word(), word(), word(), word() | 1];
  const next = () => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return (w >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    bytes: (byteLength) => Uint8Array.from({ length: byteLength }, () => Math.floor(next() * 256)),
    interval: (perUnit) => -Math.log(1 - next()) / perUnit,
  };
}
