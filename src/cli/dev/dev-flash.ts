/** The flash file of a development unit: what is written to it while the unit is off, and how much of it is in use. */
import { readFileSync } from "node:fs";
import type { Board } from "#boards/sim/host/board.ts";
import { openFlashFile } from "#boards/sim/host/flash-file.ts";
import { CliTrouble } from "#cli/trouble.ts";
import type { FlashImage } from "#factory/images.ts";

/** Writes images in the place of those before. The unit must be off. @throws CliTrouble when the flash does not hold them */
export function writeImages(board: Board, path: string, images: readonly FlashImage[]): void {
  const flash = openFlashFile(path, board.flash);
  try {
    for (const { address, bytes } of images) {
      for (let at = address; at < address + bytes.length; at += flash.sectorBytes) flash.eraseSector(at);
      const gap = (flash.writeBytes - (bytes.length % flash.writeBytes)) % flash.writeBytes;
      const whole = new Uint8Array(bytes.length + gap).fill(0xff);
      whole.set(bytes);
      if (!flash.write(address, whole)) {
        throw new CliTrouble(`${path} does not hold what was written; check the disk, then run latchkey dev --fresh`);
      }
    }
  } finally {
    flash.close();
  }
}

/** Regions that a maker knows by these names; the slots of the next release are empty on a development unit. */
const SHOWN: readonly string[] = ["jsA", "nativeA", "settings", "audit"];

/** Bytes in use: up to the last one that is not erased, in each sector. */
export function flashUse(board: Board, path: string): readonly { name: string; used: number; total: number }[] {
  const bytes = readFileSync(path);
  const { sectorBytes, regions } = board.flash;
  return Object.entries(regions).flatMap(([name, region]) => {
    if (!SHOWN.includes(name)) return [];
    let used = 0;
    for (let at = region.start; at < region.start + region.bytes; at += sectorBytes) {
      let end = Math.min(sectorBytes, region.start + region.bytes - at);
      while (end > 0 && bytes[at + end - 1] === 0xff) end--;
      used += end;
    }
    return [{ name, used, total: region.bytes }];
  });
}
