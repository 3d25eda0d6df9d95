/** Native images for the story: the board's own, and a changed one for the next release. */
import { concat, viewOf } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { startsNative } from "#cli/factory/first-flash.ts";
import type { FlashConfig } from "#factory/config.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { isLinux, layoutOf } from "#firmware/layout.ts";
import { readBytes } from "#trust/host/files.ts";

/** Builds what isn't up to date. Throws BuildStop where the toolchain is missing; the message is the line that mends it. */
export async function nativeImage(board: Board, { cloud }: FlashConfig): Promise<Uint8Array | undefined> {
  if (!startsNative(board)) return undefined;
  await buildBoot(board.name);
  const { binary } = await buildRuntime(board.name, { tls: cloud?.ca !== undefined });
  return readBytes(binary);
}

/** The same native image, told apart by a word behind it that nothing reads: the smallest update there is. */
export function nextNative(native: Uint8Array, sequence: number): Uint8Array {
  return concat(native, utf8(`release ${String(sequence).padStart(8)}`));
}

/** Where an ELF header has the address of a program's first instruction (e_entry). */
const ELF_ENTRY = 24;

/** A native image that faults at its first instruction: its reset vector names an undefined one (Thumb `udf #0`), a program's an address of nothing. */
export function crashingNative(board: Board, native: Uint8Array): Uint8Array {
  if (isLinux(board.name)) {
    const program = native.slice();
    program.fill(0, ELF_ENTRY, ELF_ENTRY + 4);
    return program;
  }
  const image = concat(native, Uint8Array.of(0x00, 0xde, 0x00, 0xde));
  viewOf(image).setUint32(4, (layoutOf(board.name).imageAddress + native.length) | 1, true);
  return image;
}
