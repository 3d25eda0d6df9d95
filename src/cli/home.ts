import { join } from "node:path";
import type { Command } from "commander";
import { withFaultNames } from "#base/faults.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { readFlashConfig } from "#factory/config.ts";
import { openRegistry } from "#factory/registry.ts";
import { buildBoot } from "#firmware/image.ts";
import { startAir } from "./emulated-air.ts";
import { startsNative } from "./line/first-flash.ts";
import { flashOf, unitsHere } from "./line/made-units.ts";
import { endOnSignals } from "./program.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";

interface Options {
  readonly config: string;
  readonly ssid: string;
  readonly passphrase: string;
  readonly address: string;
}

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
  if (row === undefined) throw new CliTrouble(`the registry knows no unit ${id}; make one: latchkey line make`);
  return readBoard(row.board);
}

async function live(ids: readonly string[], { config: path, ssid, passphrase, address }: Options): Promise<void> {
  const config = readFlashConfig(path);
  const here = unitsHere(config);
  const wanted = ids.length === 0 ? here : ids.map((id) => id.toLowerCase());
  const missing = wanted.find((id) => !here.includes(id));
  if (missing !== undefined || wanted.length === 0) {
    throw new CliTrouble(`no ${missing ?? "unit"} in ${join(config.output, "units")}; make one: latchkey line make`);
  }
  endOnSignals();
  const { radio } = await startAir({ ssid, passphrase }, address);
  for (const id of wanted) {
    const board = boardOf(config.output, id);
    if (startsNative(board)) await buildBoot(board.name);
    await powerOn(openSimStation(board, flashOf(config, id), radio), id);
  }
  const units = wanted.length === 1 ? "1 unit has" : `${wanted.length} units have`;
  write(`${units} power, and ${ssid} is on the air; a phone here: latchkey phone onboard --help. Ctrl-C ends it.`);
  await new Promise(() => setInterval(() => undefined, 60_000));
}

export function register(command: Command): void {
  command
    .argument("[id...]", "device IDs; all units of the configuration's output when none is named")
    .option("--config <file>", "whose units", "flash.config.json")
    .option("--ssid <name>", "the home's network", "Home")
    .option("--passphrase <text>", "its passphrase", "correct horse")
    .option("--address <address>", "where phones here broadcast, of 127/8: their --broadcast", "127.255.255.255")
    .action((ids: readonly string[], options: Options) => sayTrouble(() => live(ids, options)));
}
