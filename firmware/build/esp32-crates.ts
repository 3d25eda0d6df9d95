/** The crates of firmware/chips/esp32: fetched from crates.io as its lock file pins them, compiled and linked by cargo. */
import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BuildStop } from "./build-stop.ts";
import { cacheFolder } from "./cache-folder.ts";
import { CARGO, CRATE, type Esp32, RUSTC, run } from "./esp32-tools.ts";

const LOADER = join(CRATE, "loader/Cargo.toml");
/** Shared between clones: compiling all crates takes minutes. */
const TARGETS = join(cacheFolder(), "esp32/cargo");
const CARGO_HOME = process.env.CARGO_HOME ?? join(homedir(), ".cargo");

/** Nothing of this machine in the image; the crate's own paths are relative. */
const RUST_FLAGS = [
  ...["-Clinker=ld.lld", "-Clinker-flavor=ld.lld"],
  ...[`${homedir()}=/`, `${CARGO_HOME}=/cargo`, `${TARGETS}=/target`].map((path) => `--remap-path-prefix=${path}`),
];

const ENV = {
  ...process.env,
  ...{ PATH: `/usr/bin:${process.env.PATH}`, RUSTC, RUSTC_BOOTSTRAP: "1", SOURCE_DATE_EPOCH: "0" },
  ...{ CARGO_TARGET_DIR: TARGETS, CARGO_ENCODED_RUSTFLAGS: RUST_FLAGS.join("\u001f"), CARGO_TERM_COLOR: "never" },
};
/** The crates of the standard library are part of what is built: the target has none ready. */
const BUILD_STD = "-Zbuild-std=core,alloc";

/** What cargo says when the registry, and not what was asked of it, is why it fails. */
const UNREACHABLE =
  /spurious network error|resolve host|connect to server|SSL connect|timed? ?out|failed to download|--offline/i;
/** Between one try and the next: cargo itself tries each file a few times. */
const PAUSES_S = [2, 10];

/** crates.io can't be reached from here. */
export class RegistryUnreachable extends BuildStop {}

async function fetchOnce(manifest: string, target: string, pausesS: readonly number[]): Promise<void> {
  const args = ["fetch", "--locked", "--target", target, "--manifest-path", manifest];
  try {
    await run(CARGO, [...args, BUILD_STD], "the crates can't be had", ENV);
  } catch (error) {
    if (!(error instanceof BuildStop) || !UNREACHABLE.test(error.message)) throw error;
    const [pauseS, ...later] = pausesS;
    if (pauseS === undefined) {
      throw new RegistryUnreachable(
        "crates.io can't be reached, and this machine does not have all crates; check the network and try again",
      );
    }
    await sleep(pauseS * 1000);
    await fetchOnce(manifest, target, later);
  }
}

/** Fetches what is not on this machine yet. @throws RegistryUnreachable */
export async function fetchCrates({ target }: Esp32): Promise<void> {
  for (const manifest of [join(CRATE, "Cargo.toml"), LOADER]) await fetchOnce(manifest, target, PAUSES_S);
}

/** Compiles what is new and links an image to `elf`, which appears whole. @param link What the linker is told. @throws BuildStop */
export async function linkCrates(name: string, chip: Esp32, link: readonly string[], elf: string): Promise<void> {
  await fetchCrates(chip);
  // Another clone may link at the same time: what cargo puts here is this build's.
  const draft = mkdtempSync(`${elf}.`);
  const args = ["build", "--release", "--locked", "--features", name, "--target", chip.target, BUILD_STD];
  const env = { ...ENV, LATCHKEY_LINK: link.join(" ") };
  try {
    const where = ["-Zunstable-options", "--artifact-dir", draft];
    await run("nice", [CARGO, ...args, ...where], `${name}: the image does not link`, env);
    // Cargo puts a hard link there: its next build would change this one's file.
    copyFileSync(join(draft, "latchkey-esp32"), join(draft, "main.elf"));
    renameSync(join(draft, "main.elf"), elf);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The vendor's second-stage boot loader, which the crate espflash carries: fetched by cargo, never built. */
export async function vendorsLoader(name: string, chip: Esp32): Promise<string> {
  await fetchCrates(chip);
  const args = ["metadata", "--locked", "--format-version", "1", "--manifest-path", LOADER];
  const about = await run(CARGO, args, "cargo gives no metadata", ENV);
  const { packages } = JSON.parse(about) as { packages: readonly { name: string; manifest_path: string }[] };
  const found = packages.find((each) => each.name === "espflash");
  if (found === undefined) throw new BuildStop(`${LOADER} names no espflash`);
  return join(dirname(found.manifest_path), `resources/bootloaders/${name}-bootloader.bin`);
}
