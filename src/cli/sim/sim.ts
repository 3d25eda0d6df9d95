/** `latchkey sim`: replays a simulated home, or a fleet, from one seed. */
import { type Command, Option } from "commander";
import { simulateFleet } from "./fleet-simulation.ts";
import { simulateHome } from "./home-simulation.ts";

export function register(command: Command): void {
  command
    .addOption(new Option("--seed <number>", "which world; the same seed gives the same trace").default(1))
    .option("--fleet <units>", "a fleet of so many units under a rollout, in place of one home")
    .option("--json", "print one JSON object")
    .action(async ({ seed, fleet, json }: { seed: number; fleet?: number; json?: boolean }) => {
      if (fleet !== undefined) {
        const progress = (line: string) => void process.stderr.write(`${line}\n`);
        const report = await simulateFleet({
          units: fleet,
          seed,
          crashing: 0.01,
          silent: 0.005,
          powerCuts: 0.05,
          progress,
        });
        if (report.broken.length > 0) process.exitCode = 1;
        process.stdout.write(`${JSON.stringify(report, null, json ? undefined : 2)}\n`);
        return;
      }
      const report = await simulateHome(seed);
      if (report.broken.length > 0) process.exitCode = 1;
      if (json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
      for (const line of report.lines) process.stdout.write(`${line}\n`);
      for (const line of report.broken) process.stdout.write(`BROKEN ${line}\n`);
      process.stdout.write(`seed ${seed}: ${report.powerCuts} power cuts, trace ${report.digest}\n`);
      if (report.broken.length > 0) process.stdout.write(`replay: npm run sim -- --seed ${seed}\n`);
    });
}
