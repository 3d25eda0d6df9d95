/** `latchkey fuzz`: feeds decoders wrong inputs. */
import type { Command } from "commander";
import { sayTrouble } from "#cli/say-trouble.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { countOf } from "#cli/values/number.ts";
import { FUZZ_TARGETS } from "./decoders.ts";
import { fuzzParsers, type ParserOptions } from "./parsers.ts";
import { FuzzFinding, fuzz } from "./run.ts";

export function register(command: Command): void {
  command
    .argument(
      "<decoder>",
      `one of ${Object.keys(FUZZ_TARGETS).join(", ")}, or all; or c for the parsers of the firmware, under sanitizers`,
    )
    .option("--runs <number>", "inputs for each: 1000000 when absent, 20000 for c")
    .option("--minutes <number>", "for c: minutes for each parser, instead of a number of inputs")
    .option("--parser <name>", "for c: this parser alone")
    .option("--seed <number>", "the same seed makes the same inputs", "1")
    .action((name: string, options: ParserOptions) =>
      sayTrouble(async () => {
        if (name === "c") return fuzzParsers(options);
        const names = name === "all" ? Object.keys(FUZZ_TARGETS) : [name];
        for (const each of names) {
          const target = FUZZ_TARGETS[each];
          if (target === undefined) {
            throw new CliTrouble(`no decoder is called ${each}; there are ${Object.keys(FUZZ_TARGETS).join(", ")}`);
          }
          try {
            const report = fuzz(target, countOf("--runs", options.runs ?? "1000000"), countOf("--seed", options.seed));
            const grown = (report.heapGrowthBytes / 2 ** 20).toFixed(1);
            const formed = target.items === undefined ? "" : `${report.wellFormed} well-formed CBOR, `;
            process.stdout.write(
              `${each}: ${report.runs} inputs, ${formed}${report.accepted} taken, heap +${grown} MiB at most\n`,
            );
          } catch (error) {
            if (!(error instanceof FuzzFinding)) throw error;
            throw new CliTrouble(`${each}: ${error.message}`);
          }
        }
      }),
    );
}
