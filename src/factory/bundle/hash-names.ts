/**
 * Computes short names that depend only on the name that they replace, so that an edit elsewhere moves none of them
 * and a small fix stays a small patch. A short name is the beginning of its name's SHA-256 in digits that identifiers
 * are made of: two digits, or as many more as it takes to be nobody else's.
 * @source PROTOCOL 9.4.2; docs/adr/0005-hashed-names.md
 */
import { createHash } from "node:crypto";
import { assert } from "#base/assert.ts";

const FIRST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
const REST = `${FIRST}0123456789$`;
const DIGITS_MIN = 2;
const DIGITS_MAX = 16;

/** Words of the language that have two to four letters and stand where a name could. */
const WORDS =
  "as do if in is of for get let new NaN set try var case else enum eval from null this true void with".split(" ");

/** The hash of a name in digits of an identifier: the first of 53 kinds, the others of 64. */
export function digitsOf(name: string): string {
  const hash = createHash("sha256").update(name).digest();
  let digits = FIRST[hash.readUInt32BE(0) % FIRST.length] as string;
  for (let at = 4; digits.length < DIGITS_MAX; at++) digits += REST[(hash[at] as number) & 63];
  return digits;
}

/**
 * @param names What is to become short.
 * @param taken Names that stay as they are and stand among the short ones.
 * @returns Short by long. Where two hashes begin alike, the one that comes first in order keeps the shorter name.
 */
export function hashNames(names: Iterable<string>, taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const inOrder = [...new Set(names)].map((name) => [digitsOf(name), name] as const);
  inOrder.sort(([a], [b]) => (a < b ? -1 : 1));
  const used = new Set([...taken, ...WORDS]);
  const short = new Map<string, string>();
  for (const [digits, name] of inOrder) {
    let length = DIGITS_MIN;
    while (length < DIGITS_MAX && used.has(digits.slice(0, length))) length++;
    const free = digits.slice(0, length);
    assert(!used.has(free), "no two names share 16 digits of SHA-256");
    used.add(free);
    short.set(name, free);
  }
  return short;
}

/** The letters that a local name may have, its own first: the same name has the same letter wherever it is free. */
export function* letters(name: string): Generator<string> {
  const start = FIRST.indexOf(digitsOf(name)[0] as string);
  for (let i = 0; i < FIRST.length; i++) yield FIRST[(start + i) % FIRST.length] as string;
  // No hashed name begins so; who has more than 53 names in sight gets two letters.
  for (const second of REST) yield `$${second}`;
  for (const second of REST) for (const third of REST) yield `$${second}${third}`;
}
