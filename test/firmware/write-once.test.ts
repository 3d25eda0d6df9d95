/**
 * Flash whose words can be written once (writeBytes in board.json): the C of boot stage and runtime pads to whole words and
 * writes none twice. The host's flash ends the program when it does.
 */
import { expect, test } from "vitest";
import { emptyHostTally, hostBed, hostCuts } from "./host-cuts.ts";

test.each([8, 32])(
  "a unit starts, updates and survives power cuts on words of %i bytes",
  async (writeBytes) => {
    const bed = await hostBed("update", { writeBytes });
    const tally = emptyHostTally();
    await hostCuts(bed, tally, 97, 5);
    expect(tally.failures).toEqual([]);
    expect(tally.cases).toBeGreaterThan(5);
    expect(tally.refetchedSectorsMax).toBeLessThanOrEqual(1);
  },
  300_000,
);
