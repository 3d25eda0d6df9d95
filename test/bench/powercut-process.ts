/** One geometry's cuts as a process of its own, forked by powercut.ts, so that each core of the machine has some. */
import { performance } from "node:perf_hooks";
import { bedsOf, doubleCuts, emptyTally, singleCuts } from "../powercut/campaign.ts";
import { GEOMETRIES, type Geometry } from "../powercut/flash-model.ts";
import type { CampaignAnswer, CampaignAsk } from "./powercut-kinds.ts";

/** Double cuts a scenario, seeded. */
const DOUBLES = 60;

process.on("message", ({ geometry, kind, quick }: CampaignAsk) => {
  const startMs = performance.now();
  const tally = emptyTally();
  bedsOf(GEOMETRIES[geometry] as Geometry).forEach((bed, i) => {
    if (kind === "single") singleCuts(bed, tally, quick ? 11 : 1, i);
    else doubleCuts(bed, tally, quick ? 12 : DOUBLES, 6 + i);
  });
  const answer: CampaignAnswer = { tally, timeS: (performance.now() - startMs) / 1000 };
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
