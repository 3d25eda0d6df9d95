/** Verifies signatures on the emulated board's native image, with its engine and its libsodium. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startJudge } from "#boards/qemu-mps2/host/judge.ts";
import type { StartVerifier } from "#boards/verifier/board-verifier.ts";

export const startVerifier: StartVerifier = async (script) => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-verifier-"));
  const judge = await startJudge("qemu-riscv", script, join(folder, "flash.bin"));
  return {
    verify: judge.verify,
    async close() {
      await judge.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
