/** What a board with native firmware adds to the first release: its image, and a seed where it has no random source. */
import { readFileSync } from "node:fs";
import { concat, viewOf } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Board } from "#boards/sim/host/board.ts";
import type { FlashConfig } from "#factory/config.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { layoutOf } from "#firmware/layout.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

export interface NativeParts {
  readonly native: Uint8Array | undefined;
  readonly entropySeed: Uint8Array | undefined;
}

/** Builds what isn't up to date. Throws BuildStop where the toolchain is missing; the message is the line that mends it. */
export async function nativeParts(board: Board, { cloud }: FlashConfig): Promise<NativeParts> {
  const { nativeA, entropy } = board.flash.regions;
  const entropySeed = entropy === undefined ? undefined : nodePrimitives.random(32);
  if (nativeA === undefined || board.name === "sim") return { native: undefined, entropySeed };
  await buildBoot(board.name);
  const { binary } = await buildRuntime(board.name, { tls: cloud?.ca !== undefined });
  return { native: new Uint8Array(readFileSync(binary)), entropySeed };
}

/** The same native image, told apart by a word behind it that nothing reads: the smallest update there is. */
export function nextNative(native: Uint8Array, sequence: number): Uint8Array {
  return concat(native, utf8(`release ${String(sequence).padStart(8)}`));
}

/** A native image that faults at its first instruction: its reset vector names an undefined one (Thumb `udf #0`). */
export function crashingNative(board: Board, native: Uint8Array): Uint8Array {
  const image = concat(native, Uint8Array.of(0x00, 0xde, 0x00, 0xde));
  viewOf(image).setUint32(4, (layoutOf(board.name).imageAddress + native.length) | 1, true);
  return image;
}
