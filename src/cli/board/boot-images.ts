/** What a board's chip starts before a release's images, where its flash is written whole. */
import { readFileSync } from "node:fs";
import type { Board } from "#boards/sim/host/board.ts";
import { CliTrouble } from "#cli/trouble.ts";
import type { FlashImage } from "#factory/images.ts";
import { readyBoot } from "#firmware/ready-images.ts";

/** @throws CliTrouble for a board whose flash no loader in ROM writes */
export function checkLoader({ name, loader }: Board): string {
  if (loader === undefined) {
    throw new CliTrouble(
      `the flash of ${name} is not written over a serial line (its board.json names no loader); write it by its own tool`,
    );
  }
  return loader;
}

/** Loader, partition table and boot stage, as one image for the flash's beginning. @throws BuildStop */
export async function bootImages(board: Board): Promise<readonly FlashImage[]> {
  checkLoader(board);
  return [{ address: 0, bytes: new Uint8Array(readFileSync(await readyBoot(board.name))) }];
}
