/** `latchkey dev`: runs an app on a development unit, and opens a page with everything that the unit has and does. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { readBoard } from "#boards/sim/host/board.ts";
import { endOnSignals } from "#cli/program.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { startDevLoop } from "./dev-loop.ts";
import { takeDevPlace } from "./dev-place.ts";
import { serveDev } from "./dev-server.ts";

interface Options {
  readonly config: string;
  readonly board?: string;
  readonly port?: number;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

/** The configuration of development: a folder and keys of its own, and no cloud. */
function developmentConfig(read: FlashConfig, board: string): FlashConfig {
  const { cloud: _, ...rest } = read;
  const output = join(read.output, "dev", board);
  return { ...rest, board, output, keys: join(output, "keys") };
}

/** The next start makes a unit and its keys anew. */
function forgetUnit(folder: string): void {
  for (const name of ["unit.json", "unit.flash", "unit.flash.log", "keys"]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function dev(options: Options): Promise<void> {
  const read = readFlashConfig(options.config);
  const board = readBoard(options.board ?? read.board);
  const config = developmentConfig(read, board.name);
  const tell = takeDevPlace(config.output);
  if (options.fresh === true) forgetUnit(config.output);
  endOnSignals();
  const loop = await startDevLoop(config, board);
  const server = await serveDev(loop, options.port ?? 0);
  tell(server.port, server.token);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ url: server.url, board: board.name })}\n`);
  else {
    process.stdout.write(
      `${config.app} runs on a development unit (${board.name}). Open this link; it holds a password, so give it to nobody:\n\n  ${server.url}\n\nSave a file to start the app again. Ctrl-C ends it.\n`,
    );
  }
  showTroubles(loop);
  await new Promise(() => setInterval(() => undefined, 60_000));
}

/** What goes wrong is said in the terminal as well. */
function showTroubles({ store }: Awaited<ReturnType<typeof startDevLoop>>): void {
  let said = "";
  store.watch(({ kind, data }) => {
    if (kind !== "state" || data.troubles === undefined) return;
    const [latest] = data.troubles;
    const line = latest === undefined ? "" : `${latest.place === undefined ? "" : `${latest.place}: `}${latest.text}`;
    if (line !== "" && line !== said) process.stderr.write(`${line}\n`);
    said = line;
  });
}

export function register(command: Command): void {
  command
    .option("--config <file>", "which app and product", "flash.config.json")
    .option("--board <name>", "a folder of boards/, when not the configuration's")
    .option("--port <port>", "where the page is, on this machine alone (default: any free port)")
    .option("--fresh", "make the development unit anew: it forgets everything")
    .option("--json", "print the page's address as one JSON line")
    .action(async (options: Options) => {
      await sayTrouble(() => dev(options));
      // It ends by itself only when it could not start; what watches files and builds would keep it waiting.
      process.exit();
    });
}
