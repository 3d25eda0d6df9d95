/** An index of short byte sequences in a long byte string, with which the encoder finds matches. Runs on hosts. */

/** Chains of places that begin with the same few bytes. */
export interface MatchIndex {
  /** Takes in places up to `upTo`, in order. */
  add(upTo: number): void;
  /** Places below `before` like the one at `at` of `bytes`, nearest to its end first. */
  candidates(bytes: Uint8Array, at: number, max: number, before: number): number[];
}

const HASH_BITS = 17;

/** @param gram How many bytes make two places alike. */
export function createMatchIndex(data: Uint8Array, gram: number): MatchIndex {
  const heads = new Int32Array(1 << HASH_BITS).fill(-1);
  const chain = new Int32Array(data.length).fill(-1);
  let added = 0;
  const hash = (bytes: Uint8Array, at: number) => {
    let value = 0;
    for (let i = 0; i < gram; i++) value = Math.imul(value ^ (bytes[at + i] as number), 0x9e3779b1) ^ (value >>> 15);
    return Math.imul(value, 0x85ebca6b) >>> (32 - HASH_BITS);
  };
  return {
    add(upTo) {
      for (; added < upTo && added + gram <= data.length; added++) {
        const slot = hash(data, added);
        chain[added] = heads[slot] as number;
        heads[slot] = added;
      }
    },
    candidates(bytes, at, max, before) {
      const found: number[] = [];
      if (at + gram > bytes.length) return found;
      for (
        let place = heads[hash(bytes, at)] as number;
        place >= 0 && found.length < max;
        place = chain[place] as number
      ) {
        if (place < before) found.push(place);
      }
      return found;
    },
  };
}
