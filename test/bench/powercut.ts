/**
 * Cuts the power at every flash operation of an update, in four ways: the update machine over modelled flash, then the
 * boards' own C and bundle, built for this machine. With --quick at a sample of them.
 */
import { performance } from "node:perf_hooks";
import { BuildStop } from "#firmware/third-party.ts";
import { emptyHostTally, hostBed, hostCuts } from "../firmware/host-cuts.ts";
import { bedsOf, doubleCuts, emptyTally, singleCuts, type Tally } from "../powercut/campaign.ts";
import { GEOMETRIES } from "../powercut/flash-model.ts";
import type { Bench, Row } from "./row.ts";

/** Double cuts a scenario, seeded. */
const DOUBLES = 60;
const SECONDS_GOAL = 60;

type MakeRow = (metric: string, value: number, unit: string, goal: number | null) => Row;
const rowOf =
  (name: string): MakeRow =>
  (metric, value, unit, goal) => ({ case: name, metric, value, unit, peer: null, goal });

/** The same C as on the boards; rows of both scenarios. */
async function hostRows(quick: boolean, missing: (what: string) => void): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const scenario of ["update", "native-crash"] as const) {
    try {
      const startMs = performance.now();
      const bed = await hostBed(scenario);
      const tally = emptyHostTally();
      await hostCuts(bed, tally, quick ? 31 : 1);
      for (const failure of tally.failures) process.stderr.write(`powercut: host: ${failure}\n`);
      const row = rowOf(`host/${scenario}`);
      rows.push(row("operations", bed.operations, "1", null), row("cases", tally.cases, "1", null));
      rows.push(row("failures", tally.failures.length, "1", 0));
      rows.push(row("refetched-sectors-max", tally.refetchedSectorsMax, "1", 1));
      rows.push(row("time", (performance.now() - startMs) / 1000, "s", null));
    } catch (error) {
      if (!(error instanceof BuildStop)) throw error;
      missing(`host/${scenario}: ${error.message}`);
    }
  }
  return rows;
}

function rowsOf(name: string, tally: Tally, timeS: number): readonly Row[] {
  const row = rowOf(name);
  return [
    row("cases", tally.cases, "1", null),
    row("bricks", tally.bricks, "1", 0),
    row("stuck", tally.stuck, "1", 0),
    row("refetched-sectors-max", tally.refetchedSectorsMax, "1", 1),
    row("time", timeS, "s", null),
  ];
}

export const bench: Bench = {
  async run({ quick, missing }) {
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
    rows.push(...(await hostRows(quick, missing)));
    return rows;
  },
};
