/** `latchkey home`: gives simulated and emulated units power and a Wi-Fi network. */
import { join } from "node:path";
import type { Command } from "commander";
import { toHex } from "#base/bytes.ts";
import { withFaultNames } from "#base/faults.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { checkFlashFile } from "#boards/sim/host/flash-file.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { readFlashConfig } from "#factory/config.ts";
import { openRegistry } from "#factory/registry.ts";
import { readyBoot } from "#firmware/ready-images.ts";
import { openDevConsole } from "./dev/dev-console.ts";
import { startAir } from "./emulated-air.ts";
import { startsNative } from "./factory/first-flash.ts";
import { flashOf, unitsHere } from "./factory/made-units.ts";
import { askHome, serveHome } from "./home-control.ts";
import { endOnSignals } from "./program.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";
import { durationMsOf, textOf } from "./values/duration.ts";
import { deviceIdOf } from "./values/identifier.ts";
import { secretFrom, secretHelp } from "./values/secret.ts";

interface Options {
  readonly config: string;
  readonly ssid: string;
  readonly passphrase?: string;
  readonly passphraseFile?: string;
  readonly address: string;
}

/** A person holds no button for longer. */
const HOLD_MAX_MS = 60_000;

const PASSPHRASE = {
  option: "--passphrase",
  fileOption: "--passphrase-file",
  variable: "LATCHKEY_PASSPHRASE",
  what: "passphrase",
};

const write = (line: string) => void process.stdout.write(`${line}\n`);

/** Gives a unit power and shows what it says, until it is switched off. */
async function powerOn(station: SimStation, id: string): Promise<void> {
  await station.power(true);
  const unit = station.unit();
  const short = id.slice(0, 8);
  unit?.onLine((line) => line.startsWith("~") || write(`${short}  ${withFaultNames(line)}`));
  unit?.onNotice((notice) => write(`${short}  ${JSON.stringify(notice)}`));
  void unit?.exited.then((code) => write(`${short}  has stopped (${code}); ${unit.errors().trim()}`));
}

function boardOf(output: string, id: string): Board {
  const registry = openRegistry(join(output, "registry.db"));
  const row = registry.find(id);
  registry.close();
  if (row === undefined) throw new CliTrouble(`the registry knows no unit ${id}; make one: latchkey factory make`);
  return readBoard(row.board);
}

async function live(ids: readonly string[], options: Options): Promise<void> {
  const { config: path, ssid, address } = options;
  const passphrase = (await secretFrom(PASSPHRASE, options.passphrase, options.passphraseFile)) ?? "correct horse";
  const config = readFlashConfig(path);
  const here = unitsHere(config);
  const wanted = ids.length === 0 ? here : ids.map((id) => id.toLowerCase());
  const missing = wanted.find((id) => !here.includes(id));
  if (missing !== undefined || wanted.length === 0) {
    throw new CliTrouble(`no ${missing ?? "unit"} in ${join(config.output, "units")}; make one: latchkey factory make`);
  }
  const boards = new Map(wanted.map((id) => [id, boardOf(config.output, id)]));
  for (const [id, { flash }] of boards) checkFlashFile(flashOf(config, id), flash);
  endOnSignals();
  const { radio } = await startAir({ ssid, passphrase }, address);
  const stations = new Map<string, SimStation>();
  for (const [id, board] of boards) {
    if (startsNative(board)) await readyBoot(board.name);
    const station = openSimStation(board, flashOf(config, id), radio);
    stations.set(id, station);
    await powerOn(station, id);
  }
  await serveHome(config.output, async (request) => {
    const { id } = request;
    const station = stations.get(id);
    const unit = station?.unit();
    if (station === undefined || unit === undefined)
      throw new CliTrouble(`no unit ${id} has power here (units: ${wanted.join(", ")})`);
    if ("evaluate" in request) return openDevConsole(unit).evaluate(request.evaluate);
    await station.press(request.holdMs);
    write(`${id.slice(0, 8)}  its button was held for ${textOf(request.holdMs)}`);
    return "";
  });
  const units = wanted.length === 1 ? "1 unit has" : `${wanted.length} units have`;
  write(`${units} power, and ${ssid} is on the air; a phone here: latchkey phone onboard --help. Ctrl-C ends it.`);
  await new Promise(() => setInterval(() => undefined, 60_000));
}

/** Holds a unit's button in the home that runs, as a person would for a resale (3 s) or a reset (10 s). */
async function press(
  id: string,
  { config: path, hold }: { readonly config: string; readonly hold: string },
): Promise<void> {
  const holdMs = durationMsOf("--hold", hold, { maxMs: HOLD_MAX_MS });
  const unit = toHex(deviceIdOf("the unit", id));
  await askHome(readFlashConfig(path).output, { id: unit, holdMs });
  write(`the button of ${unit} was held for ${textOf(holdMs)}`);
}

export function register(command: Command): void {
  command
    .command("press")
    .description("hold a unit's button in the home that runs: 3s to pass the unit on, 10s to reset it")
    .argument("<id>", "its device ID")
    .option("--hold <duration>", "for how long", "3s")
    .option("--config <file>", "the configuration that the home was started with", "flash.config.json")
    .action((id: string, _: unknown, inner: Command) =>
      // Commander leaves --config to the outer command, which has it too.
      sayTrouble(() => press(id, inner.optsWithGlobals() as { config: string; hold: string })),
    );
  command
    .argument("[id...]", "device IDs; all units of the configuration's output when none is named")
    .option("--config <file>", "whose units", "flash.config.json")
    .option("--ssid <name>", "the home's network", "Home")
    .option("--passphrase <text>", 'its passphrase (default: "correct horse")')
    .option("--passphrase-file <file>", secretHelp(PASSPHRASE))
    .option("--address <address>", "where phones here broadcast, of 127/8: their --broadcast", "127.255.255.255")
    .action((ids: readonly string[], options: Options) => sayTrouble(() => live(ids, options)));
}
