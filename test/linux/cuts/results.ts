/** The results of all runs so far, one JSON object a line, and the table of them. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CutResult, Kind, Phase } from "./round.ts";

export function readResults(path: string): readonly CutResult[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

export function addResult(path: string, result: CutResult): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}

export const ofCell = (results: readonly CutResult[], kind: Kind, phase: Phase): readonly CutResult[] =>
  results.filter((each) => each.kind === kind && each.phase === phase);

/** How often power failed during what, after how many cuts something was lost, and how far updates came. */
export function tableOf(results: readonly CutResult[]): string {
  const rows = new Map<string, { cuts: number; lost: number; release: number }>();
  for (const { kind, phase, during, within, release, lost } of results) {
    const inside =
      within === undefined || within === "none" ? [] : [`within ${within === "erase" ? "an" : "a"} ${within}`];
    for (const moment of [during, ...inside, "all"]) {
      const name = `${kind} | ${phase} | ${moment}`;
      const row = rows.get(name) ?? { cuts: 0, lost: 0, release: 1 };
      const isLoss = lost.length > 0 ? 1 : 0;
      rows.set(name, { cuts: row.cuts + 1, lost: row.lost + isLoss, release: Math.max(row.release, release) });
    }
  }
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { cuts, lost, release }]) => `| ${name} | ${cuts} | ${lost} | ${release} |\n`);
  return `| cut by | phase | during | cuts | with a loss | release |\n| --- | --- | --- | --- | --- | --- |\n${lines.join("")}`;
}
