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

/**
 * What of one image from the flash's beginning on lies outside the regions that are written by themselves, as the journal between the
 * partition table and the boot stage. In them the image holds nothing.
 */
export function aroundRegions(image: Uint8Array, { flash }: Pick<Board, "flash">): readonly FlashImage[] {
  const holes = Object.entries(flash.regions)
    .filter(([name, region]) => name !== "boot" && region.start < image.length)
    .map(([, region]) => region)
    .sort((a, b) => a.start - b.start);
  const parts: FlashImage[] = [];
  let from = 0;
  for (const { start, bytes } of holes) {
    if (start > from) parts.push({ address: from, bytes: image.slice(from, start) });
    from = start + bytes;
  }
  if (from < image.length) parts.push({ address: from, bytes: image.slice(from) });
  return parts;
}

/** Loader, partition table and boot stage. @throws BuildStop */
export async function bootImages(board: Board): Promise<readonly FlashImage[]> {
  checkLoader(board);
  return aroundRegions(new Uint8Array(readFileSync(await readyBoot(board.name))), board);
}
