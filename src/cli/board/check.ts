/** `latchkey board check`: runs the port contract on an attached board, and writes a report to send in. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { createFlashFile } from "#boards/sim/host/flash-file.ts";
import { endOnSignals } from "#cli/program.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { openEsp32Flasher } from "#factory/flasher/esp32-flasher.ts";
import type { FlashImage } from "#factory/images.ts";
import { openLine } from "#factory/serial/open-line.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { readText, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { bootImages, checkLoader } from "./boot-images.ts";
import { type ContractRun, contractImages, hearContract, type Promised } from "./contract-run.ts";

interface Options {
  readonly board: string;
  readonly port?: string;
  readonly flashed: boolean;
  readonly image?: string;
  readonly out: string;
}

const write = (text: string) => void process.stdout.write(text);

/** The flash of a board that runs the contract, for a board's own tool. */
async function writeImage(board: Board, path: string): Promise<void> {
  refuseFolder(path);
  const images = await contractImages(board);
  createFlashFile(path, board.flash);
  const file = openSync(path, "r+");
  for (const { address, bytes } of images) writeSync(file, bytes, 0, bytes.length, address);
  closeSync(file);
  write(`${path}: the flash of ${board.name}, ${board.flash.bytes} bytes, which runs the port contract. Write it by the
board's own tool; then: latchkey board check --board ${board.name} --flashed --port PORT
`);
}

/** What can be learned of the chip, where its loader answers. */
interface Attached {
  readonly description?: string;
  readonly flashBytes?: number;
}

/**
 * Writes the contract to a board and starts it. The chip's address is left out: a report goes to others.
 * @param listen Called before the start: until then the line carries the loader's packets.
 */
export async function flashContract(
  line: OpenLine,
  board: Board,
  boot: readonly FlashImage[],
  listen: () => void,
): Promise<Attached> {
  const flasher = openEsp32Flasher(line, checkLoader(board));
  const { description } = await flasher.detect();
  const { flashBytes } = await flasher.identify();
  await flasher.erase();
  await flasher.write([...boot, ...(await contractImages(board))]);
  listen();
  await flasher.reset();
  return { description, flashBytes };
}

/**
 * Reads the contract's run off a line and writes the report.
 * @param start Starts the board, once it has the line listened to.
 * @throws CliTrouble when a promise is not kept
 */
export async function checkAttached(
  line: OpenLine,
  board: Board,
  out: string,
  start: (listen: () => void) => Promise<Attached>,
): Promise<void> {
  const startedAt = new Date();
  let heard: Promise<ContractRun> | undefined;
  const attached = await start(() => {
    heard = hearContract(line, show);
    // Whoever waits for the start is told below.
    heard.catch(() => undefined);
  });
  const run = (await heard) as ContractRun;
  const broken = run.promises.filter(({ isKept }) => !isKept);
  const { version } = JSON.parse(readText(join(PACKAGE_FOLDER, "package.json"))) as { version: string };
  const report = {
    ...{ latchkey: version, board: board.name, chip: board.chip, ...attached },
    ...{ at: startedAt.toISOString(), seconds: Math.round((Date.now() - startedAt.getTime()) / 1000) },
    ...{ kept: run.promises.length - broken.length, broken: broken.length, promises: run.promises, log: run.log },
  };
  writeWhole(out, `${JSON.stringify(report, null, 2)}\n`);
  write(`${report.kept} of ${run.promises.length} promises are kept; the report is ${out}\n`);
  if (broken.length > 0) {
    const names = broken.map(({ name }) => name).join(", ");
    throw new CliTrouble(`${board.name} does not keep the port contract: ${names}; ${out} says what was found`);
  }
}

function show({ name, isKept, found }: Promised): void {
  write(isKept ? `  ✓ ${name}\n` : `  ✗ ${name}: ${found}\n`);
}

async function check({ board: name, port, flashed, image, out }: Options): Promise<void> {
  const board = readBoard(name);
  if ((port === undefined) === (image === undefined)) {
    throw new CliTrouble("name the board's serial line by --port PORT, or a file for its flash by --image FILE");
  }
  if (image !== undefined) return writeImage(board, image);
  refuseFolder(out);
  const boot = flashed ? [] : await bootImages(board);
  const line = await openLine(port as string);
  try {
    await checkAttached(line, board, out, async (listen) => {
      if (!flashed) return flashContract(line, board, boot, listen);
      listen();
      write(`waiting for ${name} to start: switch it on, or press its RESET\n`);
      return {};
    });
  } finally {
    await line.close();
  }
}

export function registerCheck(command: Command): void {
  command
    .description("run the port contract on an attached board, and write a report to send in")
    .requiredOption("--board <name>", "a folder of boards/")
    .option("--port <port>", "the board's serial port, as /dev/ttyACM0 or COM4, or socket://HOST:PORT")
    .option("--flashed", "it runs the contract already: wait for its start", false)
    .option("--image <file>", "write a flash that runs the contract into this file, for the board's own tool")
    .addOption(new Option("--out <file>", "the report").default("board-report.json"))
    .action((options: Options) =>
      sayTrouble(() => {
        endOnSignals();
        return check(options);
      }),
    );
}
