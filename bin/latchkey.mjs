// Runs the command line in this very process (no child that a signal could orphan), after setting up what is missing.
import { setUp } from "./setup.mjs";

setUp();
const { register } = await import("tsx/esm/api");
register();
await import("../src/cli/main.ts");
