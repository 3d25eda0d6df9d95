/** Runs Spin's checker over a Promela model, and reads the run that it finds as a list of lines. */
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BIG = { maxBuffer: 64 << 20 };

interface Checked {
  /** What was violated: an assertion's text, or "acceptance cycle"; undefined when nothing was. */
  readonly violated: string | undefined;
  /** States that were stored. */
  readonly states: number;
  /** Whether every state within the bounds was looked at. */
  readonly isComplete: boolean;
  /** What the model printed on the way to the violation. */
  readonly trail: readonly string[];
}

interface SpinOptions {
  /** Macros of the model: its bounds, and the rule that a mutant lacks. */
  readonly defines: readonly string[];
  /** Whether the model's LTL formula is checked, and not only assertions. */
  readonly ltl?: boolean;
  /** Whether a violation is expected soon. */
  readonly isMutant?: boolean;
}

const linesOf = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^[A-Z]+\b/.test(line));

/** Checks a model within its bounds. Rejects when the model can't be read or compiled. */
export async function checkModel(
  model: string,
  { defines, ltl = false, isMutant = false }: SpinOptions,
): Promise<Checked> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-spin-"));
  const name = basename(model);
  const macros = defines.map((define) => `-D${define}`);
  try {
    copyFileSync(model, join(folder, name));
    const at = { cwd: folder, ...BIG };
    await run("spin", ["-a", ...macros, name], at);
    // A search that ends at the first error is shorter than the optimizer.
    const flags = [isMutant ? "-O0" : "-O1", "-w", "-DCOLLAPSE", "-DMEMLIM=3000", ...(ltl ? [] : ["-DSAFETY"])];
    await run("gcc", [...flags, "-o", "pan", "pan.c"], at);
    const { stdout } = await run("./pan", [...(ltl ? ["-a"] : []), "-m200000"], at);
    const violated = /pan:1: (?:assertion violated )?(.*?) \(at depth/.exec(stdout)?.[1];
    const isComplete = !/Search not completed|max search depth too small|out of memory/.test(stdout);
    const states = Number(/(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/.exec(stdout)?.[1]);
    const hasTrail = existsSync(join(folder, `${name}.trail`));
    const trail = hasTrail ? (await run("spin", ["-t", "-T", ...macros, name], at)).stdout : "";
    return { violated, states, isComplete, trail: linesOf(trail) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lets Spin choose one run of a model at random, the same for the same seed. @returns What the model printed. */
export async function randomRun(
  model: string,
  defines: readonly string[],
  seed: number,
  steps: number,
): Promise<readonly string[]> {
  const macros = defines.map((define) => `-D${define}`);
  const { stdout } = await run("spin", [`-n${seed}`, `-u${steps}`, "-T", ...macros, model], BIG);
  return linesOf(stdout);
}
