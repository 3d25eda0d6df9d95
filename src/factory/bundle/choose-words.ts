/**
 * Chooses the words that bundles are packed with, from the bundle of flash.config.json, and writes words.json beside this
 * file: `npm run words`. To be run when the budget of a bundle is near, not at each build: with other words the next update
 * carries the whole bundle.
 */
import { writeFileSync } from "node:fs";
import { DECLARATIONS, PARTING, packed, SHORT_WORDS, speller, unpacked, WORDS_MAX } from "#codec/host/word-packing.ts";
import { readFlashConfig } from "#factory/config.ts";
import { buildBundle } from "./bundle.ts";

const LETTERS_MAX = 24;
const CANDIDATES = 20_000;
/** Part of the words that stays from one round to the next, until as many are left as there are codes. */
const KEPT = 0.75;
const ROUNDS = 30;
/** Words that their own place in the list costs less than they save, counted in bytes of the list for a letter. */
const LIST_SHARE = 0.55;

/** Every run of letters that could pay, the most promising first. */
function candidates(statements: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of statements) {
    for (let from = 0; from < text.length; from++) {
      for (let to = from + 2; to <= Math.min(text.length, from + LETTERS_MAX); to++) {
        const run = text.slice(from, to);
        counts.set(run, (counts.get(run) ?? 0) + 1);
      }
    }
  }
  return [...counts]
    .filter(([run, count]) => count >= 3 && count * (run.length - 2) >= run.length + 6)
    .sort(([a, m], [b, n]) => n * (b.length - 1) - m * (a.length - 1) || (a < b ? -1 : 1))
    .slice(0, CANDIDATES)
    .map(([run]) => run);
}

/** How often each word is taken when every statement is spelled with all of them. */
function uses(statements: readonly string[], words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const { spell } = speller(words);
  for (const text of statements) {
    for (const part of spell(text)) {
      const word = part < DECLARATIONS.length ? undefined : words[part - DECLARATIONS.length];
      if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

/** The most useful words for statements, those that are used most often first. */
export function chosenWords(statements: readonly string[]): string[] {
  const most = WORDS_MAX - DECLARATIONS.length;
  let words = candidates(statements);
  let left = words.length;
  for (let round = 0; round < ROUNDS; round++) {
    left = Math.max(most, Math.floor(left * KEPT));
    const counted = [...uses(statements, words)].sort(
      ([a, m], [b, n]) => n * (b.length - 1) - m * (a.length - 1) || (a < b ? -1 : 1),
    );
    words = counted
      .slice(0, left)
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .filter(([word, count], number) => {
        const bytes = number < SHORT_WORDS - DECLARATIONS.length ? 1 : 2;
        return left > most || count * (word.length - bytes) > LIST_SHARE * word.length + 1;
      })
      .map(([word]) => word);
  }
  return words;
}

if (process.argv[1] === import.meta.filename) {
  const config = readFlashConfig("flash.config.json");
  const { bytes } = await buildBundle({ ...config, board: "qemu-mps2" }, { release: "1", atS: 0 });
  const statements = unpacked(bytes).split(PARTING);
  const words = chosenWords(statements);
  writeFileSync("src/factory/bundle/words.json", `${JSON.stringify(words, null, 2)}\n`);
  const before = statements.join(PARTING).length;
  process.stdout.write(`${words.length} words: ${before} bytes of text in ${packed(statements, words).length}\n`);
}
