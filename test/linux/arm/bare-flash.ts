/** The flash of a unit of a Linux board that runs one script, and the board's program: files for a guest. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagePaths } from "#firmware/image.ts";

/** @param entry TypeScript. @returns BOARD, the program, and BOARD.bin, the flash. */
export async function bareFlash(board: string, entry: string): Promise<Readonly<Record<string, Uint8Array>>> {
  const { bytes } = await buildScript(entry);
  const flash = join(mkdtempSync(join(tmpdir(), "latchkey-bare-")), "flash.bin");
  await makeBareUnit(board, flash, bytes);
  return { [`${board}.bin`]: readFileSync(flash), [board]: readFileSync(imagePaths(board).runtime) };
}
