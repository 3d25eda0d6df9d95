/**
 * Updates with power cuts on the ESP32 boards' own flash code and flash maps, on this machine: pages of 256 bytes, sectors of 4 KB, a cache
 * that must be told to forget, and no reads and no interrupts during a write (firmware/chips/host/esp32-model.c ends what does otherwise).
 */
import { expect, test } from "vitest";
import { ESP32_BOARDS } from "#firmware/layout.ts";
import { emptyHostTally, hostBed, hostCuts } from "./host-cuts.ts";

const CASES = ESP32_BOARDS.flatMap((board, i) =>
  (["update", "native-crash"] as const).map((scenario, k) => ({ board, scenario, first: 3 + 11 * i + 17 * k })),
);

test.each(CASES)(
  "$board, $scenario: no cut bricks, sticks or throws back by more than a sector",
  async ({ board, scenario, first }) => {
    const bed = await hostBed(scenario, { board });
    const tally = emptyHostTally();
    await hostCuts(bed, tally, 149, first);
    expect(tally.failures).toEqual([]);
    expect(tally.cases).toBeGreaterThan(5);
    expect(tally.refetchedSectorsMax).toBeLessThanOrEqual(1);
  },
);
