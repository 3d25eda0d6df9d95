/** A sample of what `npm run bench -- power` does in full: cuts of an update with the boards' own C and bundle on this machine. */
import { expect, test } from "vitest";
import { emptyHostTally, hostBed, hostCuts } from "./host-cuts.ts";

test.each(["update", "native-crash"] as const)(
  "%s: no cut bricks, sticks or throws back by more than a sector",
  async (scenario) => {
    const bed = await hostBed(scenario);
    const tally = emptyHostTally();
    await hostCuts(bed, tally, 31, 7);
    expect(tally.failures).toEqual([]);
    expect(tally.cases).toBeGreaterThan(20);
    expect(tally.refetchedSectorsMax).toBeLessThanOrEqual(1);
  },
);
