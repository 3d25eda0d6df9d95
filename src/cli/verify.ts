/** `latchkey verify`: verifies Ed25519 signatures on this host or on a board. */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { fromHex } from "#base/bytes.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { type SignatureCase, type StartVerifier, verifierEntry } from "#boards/verifier/board-verifier.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";

/** The case of one line, or undefined for a line that holds none. Keys that we don't know are passed over. */
function caseOf(line: string): SignatureCase | undefined {
  let item: unknown;
  try {
    item = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { pk, msg, sig } = (item ?? {}) as Record<string, unknown>;
  const [publicKey, message, signature] = [pk, msg, sig].map((hex) =>
    typeof hex === "string" ? fromHex(hex) : undefined,
  );
  if (publicKey === undefined || message === undefined || signature === undefined) return undefined;
  return { publicKey, message, signature };
}

async function verifierOf(board: string) {
  const path = `boards/${board}/host/verifier.ts`;
  if (!/^[a-z0-9-]+$/.test(board) || !existsSync(path)) {
    throw new CliTrouble(
      `no board called ${board} verifies; boards are the folders of boards/ that have host/verifier.ts`,
    );
  }
  const { startVerifier } = (await import(pathToFileURL(builtPath(path)).href)) as { startVerifier: StartVerifier };
  return startVerifier((await buildScript(verifierEntry(board))).bytes);
}

export function register(command: Command): void {
  command
    .command("ed25519")
    .description('judge signatures: JSON lines {"pk","msg","sig"} in hexadecimal in, one word a line out')
    .option("--board <name>", "let this board's engine and verifier decide (default: this host's)")
    .action((options: { board?: string }) =>
      sayTrouble(async () => {
        const board = options.board === undefined ? undefined : await verifierOf(options.board);
        try {
          for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
            const each = caseOf(line);
            const good =
              each !== undefined &&
              (board === undefined
                ? verifyEd25519(nodePrimitives, each.message, each.signature, each.publicKey)
                : await board.verify(each));
            process.stdout.write(good ? "accept\n" : "reject\n");
          }
        } finally {
          await board?.close();
        }
      }),
    );
}
