/** Which test files belong to which stage; the table is stages.json. */
import { readFileSync } from "node:fs";

interface Stage {
  readonly name: string;
  /** Processor seconds on the reference machine; more than twice as many fail the stage. */
  readonly budgetS: number;
  /** A check that runs as a whole: a program below node_modules and its arguments. */
  readonly command?: readonly string[];
  /** Folders of test/ whose files belong to the stage; "" stands for test/ itself. */
  readonly folders?: readonly string[];
  /** "all" where only `npm run test:all` runs the stage. */
  readonly tier?: "all";
}

export const STAGES = (
  JSON.parse(readFileSync(new URL("stages.json", import.meta.url), "utf8")) as { stages: readonly Stage[] }
).stages;

const EXHAUSTIVE = "**/*.exhaustive.test.ts";
/** Patterns of test files that need what this machine lacks. */
const LEFT_OUT: readonly string[] = JSON.parse(process.env.LATCHKEY_LEFT_OUT ?? "[]");

/** The files of a folder of test/. The examples are whole: their own tests lie beside their code. */
function patternOf(folder: string): string {
  if (folder === "examples") return "{test/,}examples/**/*.test.ts";
  return folder === "" ? "test/*.test.ts" : `test/${folder}/**/*.test.ts`;
}

/** The vitest projects: one for each stage that has test files. */
export function projectsOfStages() {
  return STAGES.filter(({ command }) => command === undefined).map(({ name, folders }) => ({
    extends: true as const,
    test: {
      name,
      include: folders === undefined ? [`test/${EXHAUSTIVE}`] : folders.map(patternOf),
      exclude: [...LEFT_OUT, ...(folders === undefined ? [] : [EXHAUSTIVE])],
    },
  }));
}
