/** Every parser of the firmware takes its committed inputs and what a fuzzer makes of them, under sanitizers. */
import { expect, test } from "vitest";
import { buildFuzzer, C_PARSERS, runFuzzer, seedsOf } from "#firmware/fuzz.ts";

const RUNS = 20_000;

test.each(C_PARSERS)("%s", async (name) => {
  expect(seedsOf(name).length).toBeGreaterThan(0);
  const outcome = await runFuzzer(await buildFuzzer(name), name, { runs: RUNS });
  expect(outcome.finding).toBeUndefined();
  expect(outcome.runs).toBeGreaterThanOrEqual(RUNS);
});
