/** `latchkey bench`: runs one of the benchmarks, or all. */
import type { Command } from "commander";
import { BENCHES, runBenches } from "../../test/bench/main.ts";

export function register(command: Command): void {
  command
    .argument("<name>", `one of ${BENCHES.join(", ")}, all`)
    .option("--json", "print one JSON object and nothing else")
    .option("--quick", "fewer runs, the same rows, under 20 s")
    .action(async (name: string, options: { json?: boolean; quick?: boolean }) => {
      process.exitCode = await runBenches(name, { json: options.json === true, quick: options.quick === true });
    });
}
