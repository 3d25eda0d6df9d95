/** `latchkey factory`: makes units and lists them, makes, reads and reissues cards, and recovers units. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { bootImages } from "#cli/board/boot-images.ts";
import { endOnSignals } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { showsProgress } from "#cli/terminal.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { readFlashConfig } from "#factory/config.ts";
import { openRegistry, type UnitRow } from "#factory/registry.ts";
import { registerCards } from "./card.ts";
import { enrolmentOf } from "./enrolment.ts";
import { makeUnits, type Telling } from "./make.ts";
import { printUnit } from "./print.ts";
import { registerRecovery } from "./recover.ts";
import { issueNewCard } from "./reissue-card.ts";

interface Options {
  readonly config: string;
  readonly board?: string;
  readonly json?: boolean;
}

interface MakeOptions extends Options {
  readonly count: number;
  readonly port?: string;
  readonly print?: string;
}

interface ReissueOptions extends Options {
  readonly epoch: number;
  readonly print?: string;
}

function configOf({ config: path, board }: Options) {
  const config = readFlashConfig(path);
  return board === undefined ? config : { ...config, board };
}

/** One JSON line a unit, or the steps as they happen. */
function tellingOf(json: boolean): Telling {
  const write = (text: string) => void process.stdout.write(text);
  const reporter = createReporter(write, showsProgress(process.stdout));
  let untested: readonly string[] = [];
  return {
    step: (name, work) => (json ? work() : reporter.step(name, work)),
    begun(number) {
      untested = [];
      if (!json) reporter.chapter(`unit ${number}`);
    },
    untested(what, why, advice) {
      untested = [...untested, what];
      if (!json) write(`  - ${what}: not tested, since ${why}; ${advice}\n`);
    },
    made({ id, folder, deviceKey }) {
      const more = { ...(deviceKey !== undefined && { deviceKey }), ...(untested.length > 0 && { untested }) };
      if (json) return write(`${JSON.stringify({ id: toHex(id), folder, ...more })}\n`);
      if (deviceKey !== undefined) write(`  device key: ${deviceKey}\n`);
      write(`  ${toHex(id)}  ${folder}\n`);
    },
  };
}

async function make(releasePath: string, options: MakeOptions): Promise<void> {
  endOnSignals();
  const config = configOf(options);
  const board = readBoard(config.board);
  const { port, count } = options;
  if (port !== undefined && count > 1) {
    throw new CliTrouble("one board is on a serial port at a time; leave --count out, and connect the next one then");
  }
  const serial = port === undefined ? undefined : { port, boot: await bootImages(board) };
  const asked = { config, board, releasePath, serial };
  await makeUnits(asked, count, options.print, tellingOf(options.json === true));
}

/** A unit as the cloud enrols it, with the time and the release of its shipment. */
function viewOf(unit: UnitRow) {
  const { board, release, madeAtS, deviceKey } = unit;
  return { ...enrolmentOf(unit), board, release, madeAtS, ...(deviceKey !== undefined && { deviceKey }) };
}

function list(options: Options): void {
  const path = join(configOf(options).output, "registry.db");
  const registry = existsSync(path) ? openRegistry(path) : undefined;
  const units = registry?.list() ?? [];
  registry?.close();
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(units.map(viewOf))}\n`);
  for (const { id, product, board, release, madeAtS, deviceKey } of units) {
    const day = new Date(madeAtS * 1000).toISOString().slice(0, 16).replace("T", " ");
    const key = deviceKey === undefined ? "" : `, device key ${deviceKey}`;
    process.stdout.write(`${id}  ${product} on ${board}, release ${release}, made ${day} UTC${key}\n`);
  }
  process.stdout.write(`${units.length} ${units.length === 1 ? "unit" : "units"} in ${path}\n`);
}

async function reissueCard(id: string, options: ReissueOptions): Promise<void> {
  const card = await issueNewCard(configOf(options), id, options.epoch);
  if (options.print !== undefined) await printUnit(options.print, card);
  const { cardPng, pdf, grant, revocation } = card;
  const paper = options.print === undefined ? { card: cardPng, pdf } : {};
  if (options.json === true)
    return void process.stdout.write(`${JSON.stringify({ id, ...paper, grant, revocation })}\n`);
  process.stdout.write(`${id} has a new card${options.print === undefined ? `: ${pdf}` : ", on paper"}
its owner, at the unit: latchkey phone adopt --label LABEL --card CARD --chain ${grant} --revocation ${revocation}
or the cloud brings the revocation: latchkey revocation publish ${revocation} --device ${id}
`);
}

export function register(command: Command): void {
  registerUnits(command);
  registerCards(
    command.command("card").description("make the sealed card of a unit, or read one from a picture or typed text"),
  );
  registerRecovery(
    command
      .command("recover")
      .description("recover a unit whose flash holds no image that verifies, by its serial line"),
  );
}

function registerUnits(command: Command): void {
  const within = (verb: Command) =>
    verb.option("--config <file>", "what the line makes", "flash.config.json").option("--json", "print JSON", false);
  const printing = (verb: Command) =>
    verb.option("--print <program>", 'prints a PDF, as in "lp -d cards"; the file of a printed card is then deleted');
  printing(within(command.command("make")))
    .description("make units: flash, key, owner's grant, label and card, each shown to be right before the next")
    .argument("<release>", "signed release file that they leave with")
    .addOption(new Option("--count <number>", "how many, one after another").default(1))
    .option("--board <name>", "a folder of boards/, when not the configuration's")
    .option("--port <port>", "make the board on this serial port, as /dev/ttyACM0 or COM4: all that it was is erased")
    .action((path: string, options: MakeOptions) => sayTrouble(() => make(path, options)));
  printing(within(command.command("reissue-card")))
    .description("replace a lost card of a unit that was made here: a new card, and the revocation of the old one")
    .argument("<id>", "device ID, from its label")
    .addOption(new Option("--epoch <number>", "the issuer's epoch, where its floor was ever raised").default(0))
    .action((id: string, options: ReissueOptions) => sayTrouble(() => reissueCard(id, options)));
  within(command.command("list"))
    .description("list the units that were made; with --json as `latchkey rollout enrol -` takes them")
    .action((options: Options) => sayTrouble(() => list(options)));
}
