/** How the sources of an image are compiled. */
import { join } from "node:path";
import { ROOT } from "./layout.ts";

export const FIRMWARE = join(ROOT, "firmware");
export const CPU = ["-mcpu=cortex-m3", "-mthumb"];
export const COMMON = [
  ...CPU,
  "-std=gnu11",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-strict-aliasing",
  "-fno-common",
];
export const OURS = [
  ...COMMON,
  "-Os",
  "-Wall",
  "-Wextra",
  "-Wno-override-init",
  "-Wno-unused-parameter",
  `-I${FIRMWARE}`,
];

/** What libsodium wants to see of itself. */
export function sodiumFlags(tree: string): readonly string[] {
  const src = join(tree, "src/libsodium");
  return [
    "-DCONFIGURED=1",
    "-DDEV_MODE=1",
    "-DNATIVE_LITTLE_ENDIAN=1",
    `-I${join(FIRMWARE, "port/sodium")}`,
    `-I${src}`,
    `-I${src}/include/sodium`,
    `-I${src}/include`,
  ];
}
