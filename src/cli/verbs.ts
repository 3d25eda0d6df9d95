/** The verbs, in the order of the story. A verb's file is loaded only when it is asked for. */
import type { Command } from "commander";

export interface VerbModule {
  /** Adds arguments, options, sub-verbs and the action to the verb's command. */
  register(command: Command): void;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  load(): Promise<VerbModule>;
}

export const VERBS: readonly Verb[] = [
  { name: "firmware", summary: "build the native image of a board", load: () => import("./firmware.ts") },
  { name: "bench", summary: "measure one of the benchmarks, or all", load: () => import("./bench.ts") },
];
