/** The fuzzer of the firmware's parsers finds what was planted. The parsers themselves: c-parsers.exhaustive.test.ts. */
import { expect, test } from "vitest";
import { buildFuzzer, runFuzzer } from "#firmware/fuzz.ts";

/** A parser that does not look whether a string's bytes are there. */
const CARELESS = {
  as: "cbor-careless",
  edits: new Map([
    [
      "boot/cbor.c",
      (text: string) => text.replace("if (length > (uint32_t)(c->end - c->at)) {", "if (length > 0x10000) {"),
    ],
  ]),
};

test("a parser that reads beyond its input is found", async () => {
  const outcome = await runFuzzer(await buildFuzzer("cbor", CARELESS), "cbor", { runs: 20_000 });
  expect(outcome.finding).toMatch(/AddressSanitizer: heap-buffer-overflow .*boot|cbor/);
});

test("a parser that is right passes, and what it tried is counted", async () => {
  const outcome = await runFuzzer(await buildFuzzer("cbor"), "cbor", { runs: 3_000 });
  expect(outcome.finding).toBeUndefined();
  expect(outcome.runs).toBeGreaterThanOrEqual(3_000);
  expect(outcome.edges).toBeGreaterThan(50);
});
