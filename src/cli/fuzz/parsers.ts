/** Fuzzes the firmware's own parsers in C: built for this machine under sanitizers, guided by coverage. */
import { CliTrouble } from "#cli/trouble.ts";
import { countOf, decimalOf } from "#cli/values/number.ts";
import { buildFuzzer, C_PARSERS, type FuzzLimits, runFuzzer } from "#firmware/fuzz.ts";

const RUNS = "20000";
const DAY_MINUTES = 24 * 60;
const COUNT = { min: 1, max: 2 ** 31 - 1 };

export interface ParserOptions {
  readonly runs?: string;
  readonly minutes?: string;
  readonly parser?: string;
  readonly seed: string;
}

function limitsOf({ runs, minutes, seed }: ParserOptions): FuzzLimits {
  const inputs = minutes === undefined ? (runs ?? RUNS) : runs;
  return {
    seed: countOf("--seed", seed, COUNT),
    ...(inputs !== undefined && { runs: countOf("--runs", inputs, COUNT) }),
    ...(minutes !== undefined && {
      seconds: Math.ceil(decimalOf("--minutes", minutes, { min: 0.1, max: DAY_MINUTES }) * 60),
    }),
  };
}

/** Fuzzes one parser or all, and prints what each reached. Throws CliTrouble with the first finding. */
export async function fuzzParsers(options: ParserOptions): Promise<void> {
  const limits = limitsOf(options);
  for (const name of options.parser === undefined ? C_PARSERS : [options.parser]) {
    const { runs, edges, finding } = await runFuzzer(await buildFuzzer(name), name, limits);
    if (finding !== undefined) throw new CliTrouble(`${name}: ${finding}`);
    process.stdout.write(`${name}: ${runs} inputs, ${edges} edges reached, nothing found\n`);
  }
}
