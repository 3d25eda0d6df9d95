/** Verifies signatures on a Linux board's native program, with its engine and its libsodium, where this machine can run it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startJudge } from "#boards/qemu-mps2/host/judge.ts";
import type { StartVerifier } from "#boards/verifier/board-verifier.ts";

/** @param board linux, or one of its kin for other processors. */
export const verifierOf =
  (board: string): StartVerifier =>
  async (script) => {
    const folder = mkdtempSync(join(tmpdir(), "latchkey-verifier-"));
    const judge = await startJudge(board, script, join(folder, "flash.bin"));
    return {
      verify: judge.verify,
      async close() {
        await judge.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };

export const startVerifier: StartVerifier = verifierOf("linux");
