/** Cuts the power at every flash operation of an update, in four ways; with --quick at a seeded sample of them. */
import { performance } from "node:perf_hooks";
import { bedsOf, doubleCuts, emptyTally, singleCuts, type Tally } from "../powercut/campaign.ts";
import { GEOMETRIES } from "../powercut/flash-model.ts";
import type { Bench, Row } from "./row.ts";

/** Double cuts a scenario, seeded. */
const DOUBLES = 60;
const SECONDS_GOAL = 60;

function rowsOf(name: string, tally: Tally, timeS: number): readonly Row[] {
  const row = (metric: string, value: number, unit: string, goal: number | null): Row => ({
    case: name,
    metric,
    value,
    unit,
    peer: null,
    goal,
  });
  return [
    row("cases", tally.cases, "1", null),
    row("bricks", tally.bricks, "1", 0),
    row("stuck", tally.stuck, "1", 0),
    row("refetched-sectors-max", tally.refetchedSectorsMax, "1", 1),
    row("time", timeS, "s", null),
  ];
}

export const bench: Bench = {
  async run({ quick }) {
    const rows: Row[] = [];
    let allS = 0;
    for (const geometry of GEOMETRIES) {
      const beds = bedsOf(geometry);
      for (const kind of ["single", "double"] as const) {
        const tally = emptyTally();
        const startMs = performance.now();
        beds.forEach((bed, i) => {
          if (kind === "single") singleCuts(bed, tally, quick ? 11 : 1, i);
          else doubleCuts(bed, tally, quick ? 12 : DOUBLES, 6 + i);
        });
        const timeS = (performance.now() - startMs) / 1000;
        allS += timeS;
        for (const failure of tally.failures) process.stderr.write(`powercut: ${failure}\n`);
        rows.push(...rowsOf(`${geometry.name}/${kind}`, tally, timeS));
      }
    }
    rows.push({ case: "all", metric: "time", value: allS, unit: "s", peer: null, goal: SECONDS_GOAL });
    return rows;
  },
};
