/** A sample of what `npm run bench -- powercut` does in full: seeded, so that a failure can be told again. */
import { expect, test } from "vitest";
import { ESP32_BOARDS } from "#firmware/layout.ts";
import { bedsOf, doubleCuts, emptyTally, singleCuts } from "./campaign.ts";
import { boardGeometry, GEOMETRIES } from "./flash-model.ts";

for (const geometry of [...GEOMETRIES, ...ESP32_BOARDS.map(boardGeometry)]) {
  test(`no power cut bricks, sticks or throws back by more than a sector, on ${geometry.name}`, () => {
    const tally = emptyTally();
    bedsOf(geometry).forEach((bed, i) => {
      expect(bed.ops).toBeGreaterThan(60);
      singleCuts(bed, tally, 13, i);
      doubleCuts(bed, tally, 12, 6 + i);
    });
    expect(tally.failures).toEqual([]);
    expect(tally.cases).toBeGreaterThan(150);
    expect(tally).toMatchObject({ bricks: 0, stuck: 0 });
    expect(tally.refetchedSectorsMax).toBeLessThanOrEqual(1);
  });
}
