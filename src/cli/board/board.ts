/** `latchkey board`: what is done with a board on a serial port, before and beside the factory line. */
import type { Command } from "commander";
import { endOnSignals } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { showsProgress } from "#cli/terminal.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { openEsp32Flasher } from "#factory/flasher/esp32-flasher.ts";
import type { ChipIdentity, DetectedChip, Flasher } from "#factory/flasher/flasher.ts";
import { openLine } from "#factory/serial/open-line.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { readBytes } from "#trust/host/files.ts";
import { registerCheck } from "./check.ts";

interface Options {
  readonly port: string;
  readonly board?: string;
  readonly json: boolean;
}

interface FlashOptions extends Options {
  readonly erase: boolean;
  readonly log: boolean;
}

interface Image {
  readonly path: string;
  readonly address: number;
}

const write = (text: string) => void process.stdout.write(text);
const hex = (address: number) => `0x${address.toString(16)}`;

/** Does something with an open line, and closes it whatever becomes of that. */
async function withLine<T>(port: string, work: (line: OpenLine) => Promise<T>): Promise<T> {
  const line = await openLine(port);
  try {
    return await work(line);
  } finally {
    await line.close();
  }
}

async function found(flasher: Flasher): Promise<DetectedChip & ChipIdentity> {
  const chip = await flasher.detect();
  return { ...chip, ...(await flasher.identify()) };
}

const lineOf = ({ chip, description, mac, flashBytes }: DetectedChip & ChipIdentity) =>
  `${chip}: ${description}, ${flashBytes / 2 ** 20} MB of flash, ${mac}`;

function identify({ port, board, json }: Options): Promise<void> {
  return withLine(port, async (line) => {
    const flasher = openEsp32Flasher(line, board);
    const chip = await found(flasher);
    await flasher.reset();
    write(json ? `${JSON.stringify(chip)}\n` : `${lineOf(chip)}\n`);
  });
}

/** Shows the console until the line ends or the person ends it. */
async function showConsole(line: OpenLine): Promise<void> {
  line.onBytes((bytes) => void process.stdout.write(bytes));
  await line.ended;
  throw new CliTrouble(`the line ${line.name} ended; check the cable and the board's power`);
}

function flash(images: readonly Image[], { port, board, json, erase, log }: FlashOptions): Promise<void> {
  // A file that is wrong is refused before the board is touched.
  const read = images.map(({ path, address }) => ({ address, bytes: new Uint8Array(readBytes(path)), path }));
  const empty = read.find(({ bytes }) => bytes.length === 0);
  if (empty !== undefined) throw new CliTrouble(`${empty.path} is empty (expected an image); name another file`);
  const reporter = createReporter(write, showsProgress(process.stdout));
  const step = <T>(name: string, work: () => Promise<T>, outcome?: (value: T) => string) =>
    json ? work() : reporter.step(name, work, outcome);
  return withLine(port, async (line) => {
    const flasher = openEsp32Flasher(line, board);
    const chip = await step("detect", () => found(flasher), lineOf);
    if (erase) await step("erase the whole flash", () => flasher.erase());
    const places = read.map(({ address }) => hex(address)).join(", ");
    await step(
      "write, and read back",
      () => flasher.write(read),
      () => places,
    );
    await step("start", () => flasher.reset());
    const bytes = read.reduce((sum, each) => sum + each.bytes.length, 0);
    if (json) write(`${JSON.stringify({ ...chip, bytes })}\n`);
    if (log) await showConsole(line);
  });
}

export function register(command: Command): void {
  const withPort = (verb: Command) =>
    verb.requiredOption("--port <port>", "the board's serial port, as /dev/ttyACM0 or COM4, or socket://HOST:PORT");
  const withBoard = (verb: Command) =>
    withPort(verb)
      .option("--board <name>", "refuse a board with another chip, as esp32c6")
      .option("--json", "print JSON", false);
  withBoard(command.command("identify"))
    .description("say which chip is there, with how much flash; then start it again")
    .action((options: Options) => sayTrouble(() => identify(options)));
  withBoard(command.command("flash"))
    .description("write images to the flash, read them back, and start the board")
    .argument("<image...>", "file, at the flash's beginning; or FILE@ADDRESS, as main.bin@0x10000")
    .option("--erase", "erase the whole flash first: the unit forgets all that it was", false)
    .option("--log", "then show what the board says", false)
    .action((images: readonly Image[], options: FlashOptions) =>
      sayTrouble(() => {
        endOnSignals();
        return flash(images, options);
      }),
    );
  registerCheck(command.command("check"));
  withPort(command.command("log"))
    .description("show what the board says on its console, until Ctrl-C")
    .action(({ port }: Options) =>
      sayTrouble(() => {
        endOnSignals();
        return withLine(port, showConsole);
      }),
    );
}
