/** What the published package is made of. */

import type { PageName } from "#web/host/page-frame.ts";

/** A way in for programs of makers: its source, or one for Node and one for pages. */
export type Entry = string | { readonly browser: string; readonly node: string };

export const ENTRIES: Readonly<Record<string, Entry>> = {
  "./device": "src/app/index.ts",
  "./testing": "src/testing/index.ts",
  "./phone": { browser: "src/phone/browser.ts", node: "src/phone/node.ts" },
  "./cloud": "src/cloud/cloud-api.ts",
};

/** What runs as a process of its own. */
export const PROGRAMS: readonly string[] = [
  "src/cli/package/main.ts",
  "src/cli/dev/type-checker.ts",
  "boards/sim/host/air/main.ts",
  "boards/sim/host/ends-with-parent.ts",
  ...["sim", "linux", "linux-arm64", "linux-armhf", "qemu-mps2", "qemu-sf2"].flatMap((board) =>
    ["unit", "verifier"].map((program) => `boards/${board}/host/${program}.ts`),
  ),
];

/**
 * Sources that go into a unit's bundle, which is built on the maker's machine with the maker's app; and other files that are read at
 * run time. Patterns over paths from the repository's root.
 */
export const FILES: readonly RegExp[] = [
  /^src\/(base|codec|wire|trust|device|app)\/(?!.*\bhost\/).*\.ts$/,
  // The RISC-V board is for the tests of a core: it has no images here (ADR 0169).
  /^boards\/(?!.*\bhost\/)(?!qemu-riscv\/)(?!esp32c[36]\/).*(\.ts|board\.json|schema\.json)$/,
  /^firmware\/third-party\.json$/,
  // What `latchkey firmware build --deb` packs beside the program.
  /^boards\/linux\/package\//,
  /^packages\/template\//,
  // What `latchkey new` starts an app with.
  /^examples\/(greenhouse|relay)\/(src|test)\//,
  /^(LICENSE|NOTICE|CHANGELOG\.md)$/,
];

/** The same of an ESP32 board whose images the package brings. */
export const KIT_FILES = (board: string): RegExp =>
  new RegExp(`^boards/${board}/(?!.*\\bhost/).*(\\.ts|board\\.json|module\\.json)$`);

/** Pages that the package's programs serve. */
export const PAGES: readonly PageName[] = ["dev", "console"];

/** What is found by the sources above while something is built, and what declarations refer to; built code imports neither. */
export const BUILD_PACKAGES: readonly string[] = ["@types/node", "esbuild", "typescript"];

/** Native images of each board that starts some; the boot stage as ELF is what the emulator loads. */
export const IMAGES: readonly string[] = ["boot.bin", "boot.elf", "main.bin", "main-tls.bin"];
/** Of a board with modelled hardware: what `latchkey dev` runs there, the second where the product names fetch.ca. */
export const MODELLED_IMAGES: readonly string[] = ["main-modelled.bin", "main-tls-modelled.bin"];
