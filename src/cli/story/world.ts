/** The state that the chapters of the story share: the parties and the files. */
import type { Board } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import type { SimStation } from "#boards/sim/host/station.ts";
import type { Reporter } from "#cli/reporter.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MadeUnit } from "#factory/line.ts";

/** The home's network; its name and passphrase are the story's, and stand in no secret's stead. */
export const HOME = { ssid: "Lamplight", passphrase: "a story told at home" } as const;

export interface World {
  readonly tell: Reporter;
  readonly config: FlashConfig;
  readonly board: Board;
  /** HOST:PORT of the air's radio line. */
  readonly radio: string;
  readonly station: SimStation;
  /** What the phone remembers. */
  readonly phoneMemory: string;
  /** Where a phone's broadcasts go; to this machine's loopback when undefined. */
  readonly broadcast: string | undefined;
}

export interface UnitWorld extends World {
  readonly unit: MadeUnit;
  /** The release that the unit left the line with. */
  readonly sequence: number;
}

/** The story can't go on; one line that says what was expected and what came. */
export class StoryError extends Error {
  override name = "StoryError";
}

/** What came of one run of the command line in a process of its own. */
interface Told {
  readonly code: number | null;
  /** The JSON object that it printed, if any. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  readonly errors: string;
}

/** Runs a verb as a person would: another process, words in, a JSON object and an exit code out. */
export async function latchkey(...args: readonly string[]): Promise<Told> {
  const child = startProgram("src/cli/main.ts", args);
  let json: Record<string, unknown> | undefined;
  child.onLine((line) => {
    if (line.startsWith("{")) json = JSON.parse(line) as Record<string, unknown>;
  });
  const code = await child.exited;
  return { code, json, errors: child.errors().trim() };
}

/** Runs a verb that must succeed. Throws StoryError with what it said. */
export async function latchkeyOk(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const told = await latchkey(...args);
  if (told.code !== 0) throw new StoryError(`latchkey ${args[0]} ${args[1]} failed: ${told.errors}`);
  return told.json ?? {};
}
