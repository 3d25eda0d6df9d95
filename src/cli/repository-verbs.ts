/** All verbs that there are in the repository: those of makers, and those that need the sources. */
import { VERBS, type Verb, verbsOf } from "./verbs.ts";

export const REPOSITORY_VERBS: readonly Verb[] = [
  ...VERBS,
  ...verbsOf("Work on Latchkey itself:", [
    ["start", "play the whole story, from the factory line to a signed update", () => import("./start.ts")],
    ["firmware", "build the native images of boards, and show what they are made of", () => import("./firmware.ts")],
    ["size", "show what the device bundle is made of, against the board's budget", () => import("./size.ts")],
    ["air", "encode and decode onboarding broadcasts", () => import("#cli/air/air.ts")],
    ["fuzz", "feed a decoder a million wrong inputs", () => import("#cli/fuzz/fuzz.ts")],
    ["sim", "replay a simulated home, or a fleet, under one seed", () => import("#cli/sim/sim.ts")],
    ["bench", "measure one of the benchmarks, or all", () => import("./bench.ts")],
  ]),
];
