/**
 * Every text of the repository is in plain English, as far as a list of phrases can tell; each phrase is seen to be
 * found.
 */
import { expect, test } from "vitest";
import { phrasesIn, phrasesInRepository } from "./tidy/plain-words.ts";

test("no text has a phrase that only insiders understand", () => {
  expect(phrasesInRepository()).toEqual([]);
});

const PLANTED: readonly (readonly [text: string, instead: RegExp])[] = [
  ["/** A list of whys. */", /design rationale/],
  ["/* Functions are let\n * go of when memory is short. */", /evict/],
  ["// Functions are brought in from flash.", /load on demand/],
  ["Tables come and go.", /evict/],
  ["const MESSAGE = 'the grant was taken back';", /revoke/],
  ['.description("hand on a narrower key")', /delegate/],
  ["A guest may hand over narrower keys.", /delegate/],
  ["/** Reaches the unit from afar. */", /through the relay/],
  ["Callers away have no account.", /remote/],
  ["The unit stays away for a minute.", /back off/],
  ['it("lets the owner call his unit", f);', /the owner/],
  ["units that rates need at least", /minimum/],
  ["/** Decides one ask. */", /request/],
  ['.description("install a release; wants the flash right")', /requires the/],
  ["`that is no grant and no chain but: CBOR`", /not a/],
  ["/** What a unit holds for true. */", /facts/],
  ["// The pause grows and is partly chance.", /jitter/],
  ["By the house's rules it is.", /repository's/],
];

test.each(PLANTED)("%j is found", (text, instead) => {
  const found = phrasesIn({ path: "src/a.ts", text: `// First line.\n${text}\n` });
  expect(found.join("\n")).toMatch(instead);
  expect(found.join("\n")).toMatch(/^src\/a\.ts:2: "/);
});

test("the same words in their plain sense are not found", () => {
  for (const text of [
    "let good = true; let goOn = () => {};",
    "a phone asks a unit",
    "one of the history's theses",
    "the unit is away",
  ])
    expect(phrasesIn({ path: "a.md", text })).toEqual([]);
});
