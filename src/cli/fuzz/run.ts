/** Feeds a decoder random and mutated bytes from a seed, and checks its invariants. */
import { concat, toHex } from "#base/bytes.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { FuzzTarget } from "./decoders.ts";
import { mutatedItem } from "./items.ts";

interface FuzzReport {
  readonly runs: number;
  readonly accepted: number;
  /** Of a decoder of CBOR: inputs that were one well-formed item, so that the decoder's own rules were asked. */
  readonly wellFormed: number;
  /** Most that the heap grew between two looks at it, bytes. */
  readonly heapGrowthBytes: number;
}

/** A broken promise, with the input that shows it. */
export class FuzzFinding extends Error {
  override name = "FuzzFinding";
}

const INPUT_BYTES_MAX = 1600;
/** Heads that lie about lengths, and bytes on which decoders trip. */
const AWKWARD = [
  "9f",
  "bf",
  "5f",
  "7f",
  "ff",
  "1bffffffffffffffff",
  "9affffffff",
  "5bffffffffffffffff",
  "ba00ffffff",
  "1800",
  "f800",
  "f97e01",
  "fb3ff0000000000000",
  "d83d",
  "c2",
  "a0",
  "80",
  "f6",
];
const awkward = AWKWARD.map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));

/** Numbers from 0 up to but without `below`, the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * below);
  };
}

function randomBytes(below: (n: number) => number): Uint8Array {
  return Uint8Array.from({ length: below(1 << below(9)) }, () => below(256));
}

function mutated(bytes: Uint8Array, samples: readonly Uint8Array[], below: (n: number) => number): Uint8Array {
  const at = below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (below(7)) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << below(8)) : byte));
    case 1:
      return bytes.map((byte, i) => (i === at ? below(256) : byte));
    case 2:
      return concat(before, awkward[below(awkward.length)] as Uint8Array, bytes.subarray(at));
    case 3:
      return concat(before, awkward[below(awkward.length)] as Uint8Array, bytes.subarray(at + 1));
    case 4:
      return concat(before, bytes.subarray(Math.min(bytes.length, at + 1 + below(4))));
    case 5:
      return before;
    default: {
      const other = samples[below(samples.length)] as Uint8Array;
      return concat(before, other.subarray(below(other.length + 1)));
    }
  }
}

/** Of four inputs one is random, the others come from a sample: by its bytes, or, every second one, by its items. */
function inputOf({ samples, items }: FuzzTarget, run: number, below: (n: number) => number): Uint8Array {
  if (run % 4 === 0) return randomBytes(below);
  if (run % 2 === 1 && items !== undefined) {
    let item = items[below(items.length)] as Cbor;
    for (let i = below(2); i >= 0; i--) item = mutatedItem(item, below);
    return encodeCbor(item);
  }
  let input = samples[below(samples.length)] as Uint8Array;
  for (let i = below(4); i >= 0; i--) input = mutated(input, samples, below);
  return input;
}

/**
 * Runs a decoder. Throws FuzzFinding when it throws, or takes bytes that are not the one encoding of what they say.
 * @param seed The same seed makes the same inputs.
 */
export function fuzz(target: FuzzTarget, runs: number, seed: number): FuzzReport {
  const below = seeded(seed);
  let accepted = 0;
  let wellFormed = 0;
  let heapGrowthBytes = 0;
  let heapBytes = process.memoryUsage().heapUsed;
  for (let run = 0; run < runs; run++) {
    const input = inputOf(target, run, below).subarray(0, INPUT_BYTES_MAX);
    if (target.items !== undefined && decodeCbor(input).ok) wellFormed++;
    try {
      if (target.decode(input).ok) {
        accepted++;
        if (!target.isCanonical(input)) throw new FuzzFinding("takes an encoding that is not canonical");
      }
    } catch (error) {
      throw new FuzzFinding(`run ${run} of seed ${seed}: ${(error as Error).message}; input ${toHex(input)}`);
    }
    if (run % 10_000 === 0) {
      const now = process.memoryUsage().heapUsed;
      heapGrowthBytes = Math.max(heapGrowthBytes, now - heapBytes);
      heapBytes = now;
    }
  }
  return { runs, accepted, wellFormed, heapGrowthBytes };
}
