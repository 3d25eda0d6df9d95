/** Builds a program of a test's own for a board. */
import { basename, join } from "node:path";
import { compile } from "#firmware/compile.ts";
import { compilerOf } from "#firmware/cores.ts";
import { bootGroup, link, prepare } from "#firmware/image.ts";
import { ROOT } from "#firmware/layout.ts";

/**
 * Builds a program over some sources of the boot stage and in its place, for what a booted unit can't show; or as the native
 * image that the boot stage starts.
 * @param parts Sources of boot/ that the program needs, without their ending.
 * @param writeBytes Words that the flash takes once, where that is not as the board has it.
 */
export async function buildCheck(
  name: string,
  source: string,
  parts: readonly string[],
  place: "boot" | "main" = "boot",
  writeBytes?: number,
): Promise<{ elf: string; binary: string }> {
  const { layout, trees } = prepare(name);
  const { sources, flags, inputs } = bootGroup(layout, trees);
  const kept = sources.filter((path) => !path.includes("/boot/") || parts.includes(basename(path, ".c")));
  const definitions = ["-UREGION_JOURNAL_BYTES", "-DREGION_JOURNAL_BYTES=8192u"];
  if (writeBytes !== undefined) definitions.push("-UFLASH_WRITE_BYTES", `-DFLASH_WRITE_BYTES=${writeBytes}u`);
  const group = { sources: [...kept, join(ROOT, source)], flags: [...flags, ...definitions], inputs };
  const { objects } = await compile([group], compilerOf(layout.core));
  const { bootBytes = 0, textBytes = 0, ramBytes = 0, bootStackBytes = 0 } = layout.board.budgets;
  const symbols = { BOOT_BYTES: bootBytes, TEXT_BYTES: textBytes, RAM_BYTES: ramBytes, STACK_BYTES: bootStackBytes };
  return link(layout, {
    name: place,
    as: `${basename(source, ".c")}${writeBytes === undefined ? "" : `-${writeBytes}`}`,
    objects,
    symbols,
  });
}
