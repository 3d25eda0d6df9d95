/** The console explains each reason for which a unit refuses a release or goes back from one. */
import { expect, test } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { isKnownFault } from "#web/console/fault-texts.ts";

test("every fault of releases, key sets, transfers and trials has a text, and so has every failure of an app", () => {
  const numbered = Object.entries(FAULTS).filter(
    ([, number]) => (number > 500 && number < 600) || (number >= 390 && number < 400),
  );
  expect(numbered.length).toBeGreaterThan(40);
  expect(numbered.map(([name]) => name).filter((name) => !isKnownFault(name))).toEqual([]);
});
