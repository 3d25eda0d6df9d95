/** `npm start`: plays the whole story, from the factory line to a signed update. */
import { join } from "node:path";
import type { Command } from "commander";
import { freePort } from "#base/host/free-port.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { endAll } from "#boards/sim/host/child.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { readFlashConfig } from "#factory/config.ts";
import { startAir } from "./emulated-air.ts";
import { endOnSignals } from "./program.ts";
import { createReporter } from "./reporter.ts";
import { sayTrouble } from "./say-trouble.ts";
import { factory } from "./story/factory.ts";
import { unboxing } from "./story/unboxing.ts";
import { update } from "./story/update.ts";
import { use } from "./story/use.ts";
import { HOME, type World } from "./story/world.ts";
import { showsProgress } from "./terminal.ts";

interface Options {
  readonly board: string;
  readonly config?: string;
  readonly output?: string;
  readonly broadcast?: string | true;
}

export function register(command: Command): void {
  command
    .option("--board <name>", "a folder of boards/", "sim")
    .option("--config <file>", "what the line makes (default: the example, flash.config.json of the repository)")
    .option("--output <folder>", "where everything goes, in place of the configuration's")
    .option("--broadcast [address]", "let the phone send to a real network, not to this machine's loopback")
    .action((options: Options) => sayTrouble(() => tellStory(options)));
}

async function tellStory(options: Options): Promise<void> {
  // Ctrl-C and SIGTERM end the story with everyone in it.
  endOnSignals();
  const read = readFlashConfig(options.config ?? "flash.config.json");
  const output = options.output ?? read.output;
  const cloud = {
    host: "127.0.0.1",
    mqttPort: await freePort(),
    httpPort: await freePort(),
    broker: read.cloud?.broker ?? "cloud",
  };
  const keys = options.output === undefined ? read.keys : join(output, "keys");
  const config = { ...read, board: options.board, output, keys, cloud };
  const board = readBoard(options.board);
  const tell = createReporter((text) => void process.stdout.write(text), showsProgress(process.stdout));
  const air = await startAir(HOME);
  const { radio } = air;
  const station = openSimStation(board, join(output, "unit.flash"), radio);
  const world: World = {
    ...{ tell, config, board, radio, station },
    phoneMemory: join(output, "phone.json"),
    broadcast: options.broadcast === true ? "255.255.255.255" : (options.broadcast ?? air.address),
  };
  try {
    const unitWorld = await factory(world);
    await unboxing(unitWorld);
    await use(unitWorld);
    await update(unitWorld);
    tell.table();
  } finally {
    await station.power(false);
    await air.child.stop();
    endAll();
  }
}
