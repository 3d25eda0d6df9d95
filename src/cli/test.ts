/** `latchkey test`: runs the maker's tests with the vitest of their own repository. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";

interface Options {
  readonly folder: string;
  readonly watch: boolean;
}

/** Where the vitest of a repository starts. */
function vitestIn(folder: string): string {
  try {
    const manifest = createRequire(join(folder, "package.json")).resolve("vitest/package.json");
    return join(dirname(manifest), "vitest.mjs");
  } catch {
    throw new CliTrouble(`${folder} has no vitest; run there: npm install --save-dev vitest`);
  }
}

function test(names: readonly string[], { folder: named, watch }: Options): void {
  const folder = resolve(named);
  if (!existsSync(folder))
    throw new CliTrouble(`there is no ${folder}; name the folder of your device: --folder FOLDER`);
  const words = [vitestIn(folder), ...(watch ? [] : ["run"]), ...names];
  const { status, error } = spawnSync(process.execPath, words, { cwd: folder, stdio: "inherit" });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}

export function register(command: Command): void {
  command
    .argument("[name...]", "only test files whose path holds one of these words")
    .option("--folder <folder>", "the repository of the device", ".")
    .option("--watch", "run them again after each change", false)
    .action((names: string[], options: Options) => sayTrouble(() => test(names, options)));
}
