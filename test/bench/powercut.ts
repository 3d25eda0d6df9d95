/**
 * Cuts the power at every flash operation of an update, in four ways: the update machine over modelled flash, then the
 * boards' own C and bundle, built for this machine. With --quick at a sample of them.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { builtPath } from "#boards/sim/host/programs.ts";
import { BuildStop } from "#firmware/build-stop.ts";
import { emptyHostTally, hostBed, hostCuts } from "../firmware/host-cuts.ts";
import type { Tally } from "../powercut/campaign.ts";
import { GEOMETRIES } from "../powercut/flash-model.ts";
import { type CampaignAnswer, type CampaignAsk, KINDS } from "./powercut-kinds.ts";
import type { Bench, Row } from "./row.ts";

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
      rows.push(row("operations", bed.operations.length, "1", null), row("cases", tally.cases, "1", null));
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

/** Runs one geometry's cuts in a process of its own; ends with it, and with an error when it ends early. */
function campaign(ask: CampaignAsk): Promise<CampaignAnswer> {
  const child = fork(builtPath("test/bench/powercut-process.ts"), { execArgv: ["--enable-source-maps"] });
  return new Promise<CampaignAnswer>((resolve, reject) => {
    child.once("message", (answer) => resolve(answer as CampaignAnswer));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the cuts of ${GEOMETRIES[ask.geometry]?.name} ended with ${code}`)));
    child.send(ask);
  }).finally(() => child.kill());
}

/** Every geometry and kind, as many at a time as there are cores; rows in the order of the geometries. */
async function modelRows(quick: boolean): Promise<readonly Row[]> {
  const startMs = performance.now();
  const asks = GEOMETRIES.flatMap((_, geometry) => KINDS.map((kind): CampaignAsk => ({ geometry, kind, quick })));
  const answers: CampaignAnswer[] = [];
  const left = asks.map((ask, i) => ({ ask, i }));
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) answers[next.i] = await campaign(next.ask);
  };
  await Promise.all(Array.from({ length: Math.min(asks.length, availableParallelism()) }, work));
  const rows = answers.flatMap(({ tally, timeS }, i) => {
    const { geometry, kind } = asks[i] as CampaignAsk;
    for (const failure of tally.failures) process.stderr.write(`powercut: ${failure}\n`);
    return rowsOf(`${GEOMETRIES[geometry]?.name}/${kind}`, tally, timeS);
  });
  const allS = (performance.now() - startMs) / 1000;
  return [...rows, { case: "all", metric: "time", value: allS, unit: "s", peer: null, goal: SECONDS_GOAL }];
}

export const bench: Bench = {
  async run({ quick, missing }) {
    return [...(await modelRows(quick)), ...(await hostRows(quick, missing))];
  },
};
