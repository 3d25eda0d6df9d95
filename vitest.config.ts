import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { StageReporter } from "./test/stage-reporter.ts";
import { projectsOfStages } from "./test/stages.ts";

/**
 * Tests run in parallel by file: four files at once on two cores, since journeys wait half of their time.
 * The time limit is the last resort against a test that hangs. What a test waits for has limits of its own, which measure
 * a lack of progress (test/progress.ts).
 */
export default defineConfig({
  // What makers import, for the examples.
  resolve: {
    alias: {
      "latchkey/device": fileURLToPath(new URL("src/app/index.ts", import.meta.url)),
      "latchkey/testing": fileURLToPath(new URL("src/testing/index.ts", import.meta.url)),
    },
  },
  test: {
    projects: projectsOfStages(),
    // Where the runner of the stages listens, it is told of progress and counts.
    reporters: process.send === undefined ? ["default"] : ["default", new StageReporter()],
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    pool: "forks",
    maxWorkers: 4,
    expect: { poll: { timeout: 300_000 } },
  },
});
