/** `latchkey bundle`: builds a device bundle, prints its text, and restores whole names in a unit's console. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { equal } from "#base/bytes.ts";
import { withFaultNames } from "#base/faults.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import { readBundleMark } from "#factory/bundle/bundle-mark.ts";
import { namesPath, readNames, withWholeNames, writeNames } from "#factory/bundle/names.ts";
import { readFlashConfig } from "#factory/config.ts";
import { readBytes, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { buildCheckedBundle } from "./checked-bundle.ts";
import { sayTrouble } from "./say-trouble.ts";

interface BuildOptions {
  config: string;
  board?: string;
  release: number;
  modelled: boolean;
  out: string;
}

async function build({ config: path, board, release, modelled, out }: BuildOptions): Promise<void> {
  refuseFolder(out);
  const config = readFlashConfig(path);
  const on = readBoard(board ?? config.board);
  const atS = Math.floor(Date.now() / 1000);
  const { bytes, names } = await buildCheckedBundle(config, on, { release: String(release), atS }, modelled);
  writeWhole(out, bytes);
  writeNames(out, names);
  const isWhole = equal(readBytes(out), bytes) && readBundleMark(bytes)?.release === String(release);
  if (!isWhole || readNames(namesPath(out)).size !== names.size) {
    throw new BundleError(`${out} does not hold what was built; check the disk and build it again`);
  }
  process.stdout.write(`${out}: ${bytes.length} bytes for ${on.name}; names in ${namesPath(out)}\n`);
}

async function translate(path: string): Promise<void> {
  const names = readNames(path);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${withFaultNames(withWholeNames(line, names))}\n`);
  }
}

export function register(command: Command): void {
  command
    .command("build")
    .description("build what `release build --js` takes, and the list of its names beside it")
    .option("--config <file>", "which app and board", "flash.config.json")
    .option("--board <name>", "a folder of boards/, when not the configuration's")
    .requiredOption("--release <number>", "which release the bundle says that it is")
    .option("--modelled", "for a test build of the firmware, with models of what the emulator lacks", false)
    .requiredOption("--out <file>", "where to write it")
    .action((options: BuildOptions) => sayTrouble(() => build(options)));
  command
    .command("names")
    .description("copy a unit's console from standard input, whole names for the bundle's short ones")
    .argument("<file>", "the .names.json beside the bundle or release that the unit ran")
    .action((path: string) => sayTrouble(() => translate(path)));
}
