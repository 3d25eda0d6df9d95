/** A home under a seed: what must hold, holds in every world, and a world can be played again. */
import { expect, test } from "vitest";
import { simulateHome } from "#cli/sim/home-simulation.ts";

const seen: string[] = [];

test.each(Array.from({ length: 12 }, (_, i) => i + 1))("all that must hold holds in world %i", async (seed) => {
  const report = await simulateHome(seed);
  expect(report.broken, `replay: npm run sim -- --seed ${seed}`).toEqual([]);
  expect(report.lines.some((line) => line.includes("hello proved"))).toBe(true);
  seen.push(...report.lines);
});

test.each([
  "confirmed",
  "rejected: TRIAL_CRASH",
  "TRIAL_SILENCE",
  "RELEASE_WITHDRAWN",
  "cloud is back",
  "in a flash op",
])("some of these worlds have met: %s", (what) => expect(seen.some((line) => line.includes(what))).toBe(true));

test("the same seed gives the same trace, another seed another", async () => {
  const [first, second, other] = [await simulateHome(7), await simulateHome(7), await simulateHome(8)];
  expect(second.lines).toEqual(first.lines);
  expect(second.digest).toBe(first.digest);
  expect(other.digest).not.toBe(first.digest);
});
