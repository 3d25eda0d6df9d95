/** The words that bundles ship with are chosen for them: they pay for their own list. */
import { expect, test } from "vitest";
import { PARTING, packed, unpacked } from "#codec/host/word-packing.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { chosenWords } from "#factory/bundle/choose-words.ts";
import { readFlashConfig } from "#factory/config.ts";

test("words are the runs that save most, the most frequent first", () => {
  const statements = Array.from({ length: 50 }, (_, i) => `value.length(${i});${i % 5 ? "" : "a rare but long run;"}`);
  const words = chosenWords(statements);
  expect(words[0]).toMatch(/^value\.length\(/);
  expect(words.some((word) => word.includes("rare but long"))).toBe(true);
  expect(chosenWords(statements)).toEqual(words);
  expect(packed(statements, words).length).toBeLessThan(statements.join(PARTING).length / 2);
});

test("the lamp's bundle is little more than half its text, which it gives back", async () => {
  const config = readFlashConfig("flash.config.json");
  const { bytes, textBytes } = await buildBundle(config, { release: "1", atS: 0 });
  expect(unpacked(bytes).length + 1).toBe(textBytes);
  expect(bytes.length / textBytes).toBeLessThan(0.57);
});
