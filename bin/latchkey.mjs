// Runs the command line in this very process (no child that a signal could orphan), after setting up what is missing.
process.argv.splice(2, 0, "src/cli/main.ts");
await import("./run.mjs");
