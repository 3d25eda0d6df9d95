/** Searches a Maude model for a state that must not be. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

interface Search {
  readonly isFound: boolean;
  /** States that were looked at. */
  readonly states: number;
  /** The state that was found, as Maude writes it. */
  readonly state: string;
}

/**
 * @param rules  The constants of the module RULES: whether each rule is checked.
 * @param search A search command without its full stop.
 */
export async function searchMaude(
  model: string,
  rules: Readonly<Record<string, boolean>>,
  search: string,
): Promise<Search> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-maude-"));
  const file = join(folder, "search.maude");
  const equations = Object.entries(rules).map(([rule, holds]) => `  eq ${rule} = ${holds} .`);
  writeFileSync(
    file,
    [
      "set show timing off .",
      "fmod RULES is protecting BOOL .",
      `  ops ${Object.keys(rules).join(" ")} : -> Bool .`,
      ...equations,
      "endfm",
      `load ${resolve(model)}`,
      `${search} .`,
      "quit",
      "",
    ].join("\n"),
  );
  try {
    const { stdout, stderr } = await run("maude", ["-no-banner", "-no-wrap", "-no-advise", file], {
      maxBuffer: 64 << 20,
    });
    const isFound = /^Solution 1/m.test(stdout);
    if (/Warning|Error/.test(stderr) || (!isFound && !/^No solution/m.test(stdout)))
      throw new Error(`${stderr}\n${stdout}`);
    return {
      isFound,
      states: Number(/^states: (\d+)/m.exec(stdout)?.[1]),
      state: stdout.slice(stdout.indexOf("Solution 1")),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
