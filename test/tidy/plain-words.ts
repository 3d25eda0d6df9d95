/**
 * The word check: finds phrases that only insiders understand, and says what to write instead. A space in a pattern
 * stands for any gap, so a phrase is also found across the lines of a comment.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { SourceFile } from "./rules.ts";

/** Each phrase as a regular expression, with what to write instead. */
const PHRASES: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\b(?:a )?list of whys\b|\bwhys\b/, "design rationale, reasons"],
  [/\b(?:lets?|letting) go\b/, "evict, free (memory); release (a button, a lock); drop (data)"],
  [/\b(?:brought|brings?|bringing) in\b/, "load on demand"],
  [/\bcomes? and goe?s?\b/, "load on demand, evict"],
  [
    /\b(?:taken?|takes|taking|took)(?: it| them| that| nothing| consent| (?:a|the) (?!power\b)\w+)? back\b/,
    "revoke (a grant), withdraw (a release), clear (a setting)",
  ],
  [/\bhand(?:s|ed|ing)?(?: it| them| keys| (?:a|the) \w+)? on\b/, "delegate (keys), forward (messages)"],
  [/\bhand(?:s|ed|ing)? over (?:a )?narrower\b/, "delegate"],
  [/\b(?:from )?afar\b/, "remote, through the relay"],
  [/\b(?:callers? )?away from home\b|\bcallers? away\b/, "remote, through the relay"],
  [/\bsta(?:y|ys|yed|ying) away\b/, "wait, back off"],
  [/\b(?:he|him|his|himself|she|her|hers|herself)\b/, "they, the owner, the caller; it (a program)"],
  [/\brates need\b/, "per, minimum"],
  [/\b(?:one|an|each|every|per|two|this|first|same) asks?\b/, "request"],
  [/\bwants? (?:the )?(?:\w+ )?right\b/, "requires the ... right"],
  [/\bthat is no\b[^.;\n]*\bbut\b/, "not a ...: what was found (what is expected)"],
  [/\b(?:hold|holds|holding|held) (?:it |them )?for true\b/, "the facts that ... depends on"],
  [/\b(?:partly|by|plus) chance\b/, "at random, jitter"],
  [/\bthe house's\b/, "the repository's"],
];

const COMPILED = PHRASES.map(([phrase, instead]) => ({
  pattern: new RegExp(phrase.source.replaceAll(" ", "[\\s*/]+"), "gi"),
  instead,
}));

/** This list names the phrases, its test plants them, and the change log is history. */
const EXEMPT: readonly string[] = ["test/tidy/plain-words.ts", "test/plain-words.test.ts", "CHANGELOG.md"];

/** One line for each phrase in a text: `file:line: "phrase" -> what to write`, in the order of the text. */
export function phrasesIn({ path, text }: SourceFile): string[] {
  return COMPILED.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map(({ 0: phrase, index }) => {
      const line = text.slice(0, index).split("\n").length;
      return { line, message: `${path}:${line}: "${phrase.replace(/[\s*/]+/g, " ")}" -> ${instead}` };
    }),
  )
    .sort((a, b) => a.line - b.line)
    .map(({ message }) => message);
}

/** The phrases in every text that git tracks or would track. Vectors are data and are left out. */
export function phrasesInRepository(): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" });
  return listed.split("\n").flatMap((path) => {
    if (EXEMPT.includes(path) || path.startsWith("test/vectors/")) return [];
    if (!/\.(ts|mjs|c|h|S|md|html)$/.test(path)) return [];
    try {
      return phrasesIn({ path, text: readFileSync(path, "utf8") });
    } catch {
      return []; // Deleted, but not yet committed.
    }
  });
}
