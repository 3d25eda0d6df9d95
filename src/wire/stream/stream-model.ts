/**
 * The model of an encoded stream: what encoder and decoder must agree on bit for bit. A stream rebuilds an image from
 * tokens: copies of the base that go on where the last one ended, jumps within the base, single bytes that differ from
 * the base, repeats of the image itself, literals. Each is coded by an adaptive binary range coder, whose tables are the
 * decoder's memory. A whole image is a stream over an empty base.
 * @source PROTOCOL 8.5
 */

/** Kinds of tokens; `end` closes a block before the image is complete. */
export const TOKEN = { copy: 0, diff: 1, literal: 2, repeat: 3, jump: 4, end: 5 } as const;

export const REPEAT_MIN = 4;
/** Bytes in front of a block other than the first: where in the image and in the base it begins, u24 each. */
export const BLOCK_HEADER_BYTES = 6;
/** Bytes of the base, up to where a block begins to read it, on which its literals are learned before it starts. */
export const PRIMER_BYTES = 1024;
/** Numbers in a stream are below 2^32. */
export const EXPONENT_MAX = 31;
/** Exponents whose high bits have a tree of their own; larger ones share the last. */
export const MANTISSAS = 24;

// One table of probabilities holds all; these are the places of its parts.
const NUMBER = 32 + MANTISSAS * 8;
export const AT = {
  /** By what came before: 4 contexts of a 3-bit tree. */
  token: 0,
  copyLength: 32,
  repeatLength: 32 + NUMBER,
  jumpLength: 32 + 2 * NUMBER,
  distance: 32 + 3 * NUMBER,
  jump: 32 + 4 * NUMBER,
  jumpSign: 32 + 5 * NUMBER,
  /** By how many differing bytes came just before: 3 contexts of an 8-bit tree. */
  diff: 33 + 5 * NUMBER,
  /** By the three high bits of the byte before: 8 contexts of an 8-bit tree. */
  literal: 33 + 5 * NUMBER + 3 * 256,
} as const;
export const MODEL_ENTRIES = AT.literal + 8 * 256;

/**
 * A probability: 12 bits for "the next bit is 0", above 4 bits that count how often it was used. A young one learns
 * fast, an old one averages.
 */
const START = 2048 << 4;
const COUNT_MAX = 15;
/** Steps of 1/(n + 1.6), as 16-bit fractions; the last stays. */
const RATES = Uint16Array.from({ length: COUNT_MAX + 1 }, (_, n) => Math.round(65536 / (n + 1.6)));

export function createModel(): Uint16Array {
  return resetModel(new Uint16Array(MODEL_ENTRIES));
}

export function resetModel(model: Uint16Array): Uint16Array {
  return model.fill(START);
}

/** Share of the range that stands for a 0 bit, of 4096; never 0, never all. */
export function shareOf(entry: number): number {
  const share = entry >> 4;
  return share < 16 ? 16 : Math.min(share, 4080);
}

/** The entry after a bit was seen. */
export function learned(entry: number, bit: number): number {
  const count = entry & 15;
  const share = entry >> 4;
  const target = bit === 0 ? 4095 : 0;
  const next = share + (((target - share) * (RATES[count] as number)) >> 16);
  return (next << 4) | (count < COUNT_MAX ? count + 1 : count);
}

/** Where the tree of the next literal begins. */
export function literalAt(previous: number): number {
  return AT.literal + ((previous >> 5) << 8);
}

/** Learns the literals' statistics from text of the base, as if they had been coded. */
export function primeLiterals(model: Uint16Array, base: Uint8Array): void {
  let previous = 0;
  for (const byte of base) {
    const at = literalAt(previous);
    let node = 1;
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      model[at + node] = learned(model[at + node] as number, bit);
      node = (node << 1) | bit;
    }
    previous = byte;
  }
}
