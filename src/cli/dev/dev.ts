/** `latchkey dev`: runs an app on a development unit, and opens a page with everything that the unit has and does. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { bootImages } from "#cli/board/boot-images.ts";
import { checkCountry } from "#cli/factory/check-country.ts";
import { PASSPHRASE } from "#cli/phone/credentials.ts";
import { endOnSignals } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { showsProgress } from "#cli/terminal.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { secretHelp } from "#cli/values/secret.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import type { KitPlace } from "./dev-kit.ts";
import { startDevLoop } from "./dev-loop.ts";
import { takeDevPlace } from "./dev-place.ts";
import { serveDev } from "./dev-server.ts";
import { askNetwork } from "./kit-network.ts";

interface Options {
  readonly config: string;
  readonly board?: string;
  readonly port?: string;
  readonly pagePort?: number;
  readonly ssid?: string;
  readonly passphraseFile?: string;
  readonly host?: string;
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

/** The kit on the port that the maker named; undefined where none is. @throws CliTrouble for what belongs to a kit alone. */
async function kitPlace(options: Options, board: Board): Promise<KitPlace | undefined> {
  const { port, ssid, passphraseFile, host, json } = options;
  if (port === undefined) {
    if (board.loader !== undefined) {
      throw new CliTrouble(
        `${board.name} is a board that one can hold: connect it, and name its serial port by --port PORT`,
      );
    }
    const [stray] = Object.entries({ "--ssid": ssid, "--passphrase-file": passphraseFile, "--host": host }).filter(
      ([, value]) => value !== undefined,
    );
    if (stray !== undefined)
      throw new CliTrouble(`${stray[0]} is for a board on a serial port; name that by --port PORT`);
    return undefined;
  }
  // A file that can't be read is told before anything is flashed.
  const network = passphraseFile === undefined ? undefined : await askNetwork({ ssid, passphraseFile });
  const reporter = createReporter((text) => void process.stdout.write(text), showsProgress(process.stdout));
  return {
    ...{ port, host, isFresh: options.fresh === true, boot: await bootImages(board) },
    network: async () => network ?? askNetwork({ ssid }),
    step: (name, work, outcome) => (json === true ? work() : reporter.step(name, work, outcome)),
  };
}

/** @param begins Called once something is open that would keep this process waiting. */
async function dev(options: Options, begins: () => void): Promise<void> {
  const read = readFlashConfig(options.config);
  const board = readBoard(options.board ?? read.board);
  checkCountry(read, board);
  const config = developmentConfig(read, board.name);
  const tell = takeDevPlace(config.output);
  if (options.fresh === true) forgetUnit(config.output);
  endOnSignals();
  const place = await kitPlace(options, board);
  begins();
  const loop = await startDevLoop(config, board, place);
  const server = await serveDev(loop, options.pagePort ?? 0);
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
    .option(
      "--port <port>",
      "run it on the board on this serial port, as /dev/ttyACM0 or COM4: it becomes a development unit",
    )
    .option("--ssid <name>", "the network that a board on a port joins; asked for when it is made")
    .option("--passphrase-file <file>", secretHelp(PASSPHRASE))
    .option("--host <address>", "where a board on a port is on its network, when it is not found there")
    .option("--page-port <port>", "where the page is, on this machine alone (default: any free port)")
    .option("--fresh", "make the development unit anew: it forgets everything")
    .option("--json", "print the page's address as one JSON line")
    .action(async (options: Options) => {
      let hasBegun = false;
      await sayTrouble(() =>
        dev(options, () => {
          hasBegun = true;
        }),
      );
      // It ends by itself only when it could not start; what watches files and builds would keep it waiting.
      if (hasBegun) process.exit();
    });
}
