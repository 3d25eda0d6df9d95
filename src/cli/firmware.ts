import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import type { Command } from "commander";
import { exceeded, sizeLines, stackLines } from "#firmware/budget.ts";
import { buildBoot, buildRuntime, missingPackages } from "#firmware/image.ts";
import { FIRMWARE_BOARDS } from "#firmware/layout.ts";
import { BuildStop } from "#firmware/third-party.ts";

/** Installs the toolchain where this user may; without that, or when it fails, the build names the line to run. */
function installMissing(): void {
  const line = missingPackages();
  if (line === undefined || process.getuid?.() !== 0) return;
  process.stderr.write(`latchkey: the firmware needs a toolchain, so: ${line}\n`);
  const [program = "", ...args] = line.split(" ");
  // Its words are progress; what is built is told on standard output.
  spawnSync(program, args, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
}

export function register(command: Command): void {
  command
    .command("build")
    .description(
      "install the toolchain if root and it is missing, compile what changed, link, print what the image takes of its budget",
    )
    .requiredOption("--board <name>", `one of ${FIRMWARE_BOARDS.join(", ")}`)
    .option("--tls", "the image with the TLS client, for products whose cloud has a ca in flash.config.json", false)
    .option("--stack", "print the deepest calls of each stack as well, with the bytes of each frame", false)
    .action(async ({ board, tls, stack }: { board: string; tls: boolean; stack: boolean }) => {
      try {
        installMissing();
        const boot = await buildBoot(board);
        const runtime = await buildRuntime(board, { tls });
        process.stdout.write(`${sizeLines(board, { boot, runtime, tls })}\n`);
        if (stack) process.stdout.write(`${stackLines({ boot, runtime, tls })}\n`);
        process.stdout.write(`image  ${relative(".", runtime.binary)}, for latchkey release build --native\n`);
        const over = exceeded(board, { boot, runtime, tls });
        for (const line of over) process.stderr.write(`latchkey: ${board}: ${line}\n`);
        process.exitCode = over.length > 0 ? 1 : 0;
      } catch (error) {
        if (!(error instanceof BuildStop)) throw error;
        process.stderr.write(`latchkey: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
}
