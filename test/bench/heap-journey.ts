/** The most of the engine's arena that was ever in use on the whole journey: factory, onboarding, sessions, updates, trials. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "#boards/sim/host/child.ts";

/** Tells the story on a board. Rejects with what was said when it doesn't come to its end. @returns Bytes. */
export async function heapPeakOfJourney(board: string): Promise<number> {
  const output = mkdtempSync(join(tmpdir(), "latchkey-heap-"));
  try {
    const story = startProgram("src/cli/main.ts", ["start", "--board", board, "--output", output]);
    const said: string[] = [];
    story.onLine((line) => said.push(line));
    const code = await story.exited;
    if (code !== 0) throw new Error(`the story on ${board} ended with ${code}: ${said.join("\n")}${story.errors()}`);
    const log = readFileSync(join(output, "unit.flash.log"), "utf8");
    return Math.max(...[...log.matchAll(/^latchkey: peak (\d+)/gm)].map(([, bytes]) => Number(bytes)));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
