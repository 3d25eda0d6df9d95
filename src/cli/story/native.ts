/** What a board with native firmware adds to the first release: its image, and a seed where it has no random source. */
import { readFileSync } from "node:fs";
import type { Board } from "#boards/sim/host/board.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

export interface NativeParts {
  readonly native: Uint8Array | undefined;
  readonly entropySeed: Uint8Array | undefined;
}

/** Builds what isn't up to date. Throws BuildStop where the toolchain is missing; the message is the line that mends it. */
export async function nativeParts(board: Board): Promise<NativeParts> {
  const { nativeA, entropy } = board.flash.regions;
  const entropySeed = entropy === undefined ? undefined : nodePrimitives.random(32);
  if (nativeA === undefined || board.name === "sim") return { native: undefined, entropySeed };
  await buildBoot(board.name);
  const { binary } = await buildRuntime(board.name);
  return { native: new Uint8Array(readFileSync(binary)), entropySeed };
}
