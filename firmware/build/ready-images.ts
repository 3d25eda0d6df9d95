/** Native images that need not be built: the published package brings them along. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildBoot, buildRuntime, imagePaths } from "./image.ts";
import { ROOT } from "./layout.ts";
import type { Variant } from "./tls-sources.ts";

/** Whether a board's images came with the package, so that nothing is compiled. */
export const bringsImages = (name: string): boolean => existsSync(join(ROOT, "images", name));

/**
 * @returns A board's boot stage, brought along or built now: as ELF, which an emulator loads, or for an ESP32 as what lies from its
 * flash's first byte on. @throws BuildStop
 */
export async function readyBoot(name: string): Promise<string> {
  if (!bringsImages(name)) await buildBoot(name);
  return imagePaths(name).boot;
}

/** @returns A board's runtime, plain or with models of what its emulator lacks. @throws BuildStop */
export async function readyRuntime(
  name: string,
  variant: Required<Pick<Variant, "tls" | "modelled">>,
): Promise<string> {
  if (!bringsImages(name)) return (await buildRuntime(name, variant)).binary;
  const { runtime, tls } = imagePaths(name);
  const path = variant.tls ? tls : runtime;
  return variant.modelled ? path.replace(/\.bin$/, "-modelled.bin") : path;
}
