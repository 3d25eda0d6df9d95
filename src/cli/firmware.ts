import { relative } from "node:path";
import type { Command } from "commander";
import { exceeded, sizeLines } from "#firmware/budget.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { FIRMWARE_BOARDS } from "#firmware/layout.ts";
import { BuildStop } from "#firmware/third-party.ts";

export function register(command: Command): void {
  command
    .command("build")
    .description("compile what changed, link, and print what the image takes of its budget and where it lies")
    .requiredOption("--board <name>", `one of ${FIRMWARE_BOARDS.join(", ")}`)
    .option("--tls", "the image with the TLS client, for products whose cloud has a ca in flash.config.json", false)
    .action(async ({ board, tls }: { board: string; tls: boolean }) => {
      try {
        const boot = await buildBoot(board);
        const runtime = await buildRuntime(board, { tls });
        process.stdout.write(`${sizeLines(board, { boot, runtime, tls })}\n`);
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
