/** A NOR chip that begins with the flash of a unit that runs one script, for QEMU's model of it on the AST2600 (/dev/mtd0). */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bareFlash } from "./bare-flash.ts";

export const NOR_BOARD = "linux-armhf";
const CHIP_BYTES = 64 << 20;

interface NorChip {
  /** The board's program, called `unit`. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly qemu: readonly string[];
}

/** @param entry TypeScript. Behind the unit's flash the chip is erased. */
export async function norChip(entry: string): Promise<NorChip> {
  const made = await bareFlash(NOR_BOARD, entry);
  const path = join(mkdtempSync(join(tmpdir(), "latchkey-nor-")), "chip.bin");
  const chip = Buffer.alloc(CHIP_BYTES, 0xff);
  chip.set(made[`${NOR_BOARD}.bin`] ?? []);
  writeFileSync(path, chip);
  const files = { unit: made[NOR_BOARD] ?? new Uint8Array() };
  return { files, qemu: ["-drive", `file=${path},format=raw,if=mtd`] };
}
