import { defineConfig } from "vitest/config";

/**
 * Tests run in parallel by file; those that boot an emulator or a browser give their own time-out. Three at once on two
 * cores: stories and boards wait half of their time.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 3,
  },
});
