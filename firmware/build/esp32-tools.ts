/** The tools that ESP32 images are made with besides the C compiler: cargo with the crates of firmware/chips/esp32, and esptool. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { cacheFolder } from "./cache-folder.ts";
import { type Core, compilerOf, RISCV, RISCV_COMPACT } from "./cores.ts";
import { FIRMWARE } from "./flags.ts";

export const CRATE = join(FIRMWARE, "chips/esp32");
/** Debian's, whatever else is on the path: the crates need its sources of the standard library. */
const [CARGO, RUSTC] = ["/usr/bin/cargo", "/usr/bin/rustc"];
const RUST_SOURCES = "/usr/lib/rustlib/src/rust/library/core";

const LOADER = join(CRATE, "loader");

export interface Esp32 {
  readonly core: Core;
  /** Rust's name of it. */
  readonly target: string;
}

const CHIPS: Readonly<Record<string, Esp32>> = {
  esp32c3: { core: RISCV_COMPACT, target: "riscv32imc-unknown-none-elf" },
  esp32c6: { core: RISCV, target: "riscv32imac-unknown-none-elf" },
};

/** The lines that install what is missing; empty when all is there. */
export function missingForEsp32(): readonly string[] {
  const isThere = (program: string) => spawnSync(program, ["--version"]).error === undefined;
  const debian = [
    ...(isThere(compilerOf(RISCV_COMPACT)) ? [] : ["gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"]),
    ...(existsSync(CARGO) && existsSync(RUSTC) && existsSync(RUST_SOURCES) ? [] : ["cargo-web rustc-web rust-web-src"]),
    ...(isThere("ld.lld") ? [] : ["lld"]),
  ];
  return [
    ...(debian.length > 0 ? [`apt-get install -y --no-install-recommends ${debian.join(" ")}`] : []),
    ...(isThere(esptool())
      ? []
      : [`python3 -m venv ${ESPTOOL_FOLDER} && ${ESPTOOL_FOLDER}/bin/pip install -q esptool==${ESPTOOL_VERSION}`]),
  ];
}

/** Pinned: it writes the image's header. PyPI's, in a folder of its own, unless it is on the path. */
const ESPTOOL_VERSION = "5.6.0";
const ESPTOOL_FOLDER = join(cacheFolder(), `esp32/esptool-${ESPTOOL_VERSION}`);

export function esptool(): string {
  const own = join(ESPTOOL_FOLDER, "bin/esptool");
  return existsSync(own) ? own : "esptool";
}

export function run(
  program: string,
  args: readonly string[],
  what: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const done = spawnSync(program, args, { encoding: "utf8", env, cwd: CRATE, maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new BuildStop(`${what}:\n${done.stderr}${done.stdout}`);
  return done.stdout;
}

/** @throws BuildStop when there is no such board, or a tool is missing. */
export function chipOf(name: string): Esp32 {
  const chip = CHIPS[name];
  if (chip === undefined) throw new BuildStop(`no chip is known for the board ${name}`);
  if (!existsSync(CRATE)) {
    throw new BuildStop(
      `this package brings no images of ${name}, and no sources of them; take one that was made where the tools are (docs/boards/esp32.md)`,
    );
  }
  const missing = missingForEsp32();
  if (missing.length > 0) throw new BuildStop(`the firmware of ${name} needs tools; run: ${missing.join(" && ")}`);
  return chip;
}

const TARGETS = join(cacheFolder(), "esp32/cargo");

const PICOLIBC = "/usr/lib/picolibc/riscv64-unknown-elf/lib";

/** picolibc and the compiler's own library, for a linker that isn't started through the compiler. */
export function librariesOf({ core }: Esp32): readonly string[] {
  const ask = (what: string) =>
    execFileSync(compilerOf(core), [...core.library, "-mabi=ilp32", what])
      .toString()
      .trim();
  const folder = join(PICOLIBC, ask("-print-multi-directory"));
  return [join(folder, "libc.a"), join(folder, "libm.a"), ask("-print-libgcc-file-name")];
}

const CARGO_HOME = process.env.CARGO_HOME ?? join(homedir(), ".cargo");

/** Nothing of this machine in the image; the crate's own paths are relative. */
const RUST_FLAGS = [
  ...["-Clinker=ld.lld", "-Clinker-flavor=ld.lld"],
  ...[`${homedir()}=/`, `${CARGO_HOME}=/cargo`, `${TARGETS}=/target`].map((path) => `--remap-path-prefix=${path}`),
];

/** Stands for crates that were compiled with these flags and in these versions. */
function markOf(chip: Esp32): string {
  const parts = ["Cargo.lock", ".cargo/config.toml"].map((name) => readFileSync(join(CRATE, name), "utf8"));
  const digest = createHash("sha256")
    .update(JSON.stringify([RUST_FLAGS, parts]))
    .digest("hex")
    .slice(0, 16);
  return join(TARGETS, chip.target, `compiled-${digest}`);
}

/** Whether this machine has compiled the crates of a board's chip before: without, that takes minutes. */
export function hasCrates(name: string): boolean {
  const chip = CHIPS[name];
  return chip !== undefined && existsSync(markOf(chip));
}

/** @returns The linked image. */
export function cargo(name: string, chip: Esp32, link: readonly string[]): string {
  const target = chip.target;
  const env = {
    ...process.env,
    ...{
      PATH: `/usr/bin:${process.env.PATH}`,
      RUSTC,
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_DIR: TARGETS,
      SOURCE_DATE_EPOCH: "0",
    },
    ...{ CARGO_ENCODED_RUSTFLAGS: RUST_FLAGS.join("\u001f"), LATCHKEY_LINK: link.join(" ") },
  };
  const args = ["build", "--release", "--locked", "--features", name, "--target", target, "-Zbuild-std=core,alloc"];
  run("nice", [CARGO, ...args], `${name}: the image does not link`, env);
  writeFileSync(markOf(chip), "");
  return join(TARGETS, target, "release/latchkey-esp32");
}

/** The vendor's second-stage boot loader, which the crate espflash carries: fetched by cargo, never built. */
export function vendorsLoader(name: string): string {
  const env = { ...process.env, PATH: `/usr/bin:${process.env.PATH}`, RUSTC };
  const manifest = ["--manifest-path", join(LOADER, "Cargo.toml")];
  run(CARGO, ["fetch", "--locked", ...manifest], "the vendor's boot loader can't be had from crates.io", env);
  const about = run(
    CARGO,
    ["metadata", "--locked", "--format-version", "1", ...manifest],
    "cargo gives no metadata",
    env,
  );
  const { packages } = JSON.parse(about) as { packages: readonly { name: string; manifest_path: string }[] };
  const found = packages.find((each) => each.name === "espflash");
  if (found === undefined) throw new BuildStop(`${LOADER}/Cargo.toml names no espflash`);
  return join(dirname(found.manifest_path), `resources/bootloaders/${name}-bootloader.bin`);
}
