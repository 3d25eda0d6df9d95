/** How the sources of an image are compiled. */
import { join } from "node:path";
import { ROOT } from "./layout.ts";

export const FIRMWARE = join(ROOT, "firmware");
export const COMMON = ["-std=gnu11", "-ffunction-sections", "-fdata-sections", "-fno-strict-aliasing", "-fno-common"];
/** Writes the frame of every function and its calls beside the object; see stack.ts. */
export const CALL_GRAPH = "-fcallgraph-info=su";
/** What our own C is held to, on chips and host alike. Third-party sources keep their own. */
export const STRICT = [
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wconversion",
  "-Wsign-conversion",
  "-Wshadow",
  "-Wvla",
  "-Wstrict-prototypes",
  "-Wno-override-init",
  "-Wno-unused-parameter",
];
export const OURS = ["-Os", ...STRICT, CALL_GRAPH, `-I${FIRMWARE}`];

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
