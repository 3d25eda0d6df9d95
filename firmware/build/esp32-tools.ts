/** The tools that ESP32 images are made with besides the C compiler: Debian's Rust and linker, and esptool. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { cacheFolder } from "./cache-folder.ts";
import { type Core, compilerOf, RISCV, RISCV_COMPACT } from "./cores.ts";
import { FIRMWARE } from "./flags.ts";

export const CRATE = join(FIRMWARE, "chips/esp32");
/** Debian's, whatever else is on the path: the crates need its sources of the standard library. */
export const [CARGO, RUSTC] = ["/usr/bin/cargo", "/usr/bin/rustc"] as const;
const RUST_SOURCES = "/usr/lib/rustlib/src/rust/library/core";
const PICOLIBC = "/usr/lib/picolibc/riscv64-unknown-elf/lib";

export interface Esp32 {
  readonly core: Core;
  /** Rust's name of it. */
  readonly target: string;
  /** The first so many pins can end a deep sleep. */
  readonly wakingPins: number;
}

const CHIPS: Readonly<Record<string, Esp32>> = {
  esp32c3: { core: RISCV_COMPACT, target: "riscv32imc-unknown-none-elf", wakingPins: 6 },
  esp32c6: { core: RISCV, target: "riscv32imac-unknown-none-elf", wakingPins: 8 },
};

/** Pinned: it writes the image's header. PyPI's, in a folder of its own, unless this version is on the path. */
const ESPTOOL_VERSION = "5.6.0";
const ESPTOOL_FOLDER = join(cacheFolder(), `esp32/esptool-${ESPTOOL_VERSION}`);
const OWN_ESPTOOL = join(ESPTOOL_FOLDER, "bin/esptool");

export const esptool = (): string => (existsSync(OWN_ESPTOOL) ? OWN_ESPTOOL : "esptool");

/** Debian's Python comes without what makes a folder of its own for a tool. */
const hasVenv = (): boolean => spawnSync("python3", ["-c", "import ensurepip"]).status === 0;

/** The line that installs Debian's packages; undefined when all are there. */
export function missingEsp32Packages(): string | undefined {
  const isThere = (program: string) => spawnSync(program, ["--version"]).error === undefined;
  const packages = [
    ...(isThere(compilerOf(RISCV_COMPACT)) && existsSync(PICOLIBC)
      ? []
      : ["gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"]),
    ...(existsSync(CARGO) && existsSync(RUSTC) && existsSync(RUST_SOURCES) ? [] : ["cargo-web rustc-web rust-web-src"]),
    ...(isThere("ld.lld") ? [] : ["lld"]),
    ...(missingEsptool() === undefined || hasVenv() ? [] : ["python3-venv"]),
  ];
  return packages.length === 0 ? undefined : `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/** The line that installs esptool; undefined when its pinned version is there. */
export function missingEsptool(): string | undefined {
  if (existsSync(OWN_ESPTOOL)) return undefined;
  const found = spawnSync("esptool", ["version"], { encoding: "utf8" });
  if (found.status === 0 && found.stdout.trim().split(/\s+/).includes(ESPTOOL_VERSION)) return undefined;
  const pip = `${ESPTOOL_FOLDER}/bin/pip install -q esptool==${ESPTOOL_VERSION}`;
  return `python3 -m venv ${ESPTOOL_FOLDER} && ${pip}`;
}

/** The lines that install what is missing; empty when all is there. */
export function missingForEsp32(): readonly string[] {
  return [missingEsp32Packages(), missingEsptool()].filter((line) => line !== undefined);
}

/**
 * Runs a program in the crate's folder while others go on.
 * @param what What has failed when it fails. @returns Its standard output. @throws BuildStop
 */
export function run(
  program: string,
  args: readonly string[],
  what: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(program, args, { env, cwd: CRATE, stdio: ["ignore", "pipe", "pipe"] });
  let [output, words] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk) => (words += chunk));
  return new Promise((done, fail) => {
    child.on("error", (error) => fail(new BuildStop(`${what}: ${error.message}`)));
    child.on("close", (code) => (code === 0 ? done(output) : fail(new BuildStop(`${what}:\n${words}${output}`))));
  });
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

/** picolibc and the compiler's own library, for a linker that isn't started through the compiler. */
export function librariesOf({ core }: Esp32): readonly string[] {
  const ask = (what: string) =>
    execFileSync(compilerOf(core), [...core.library, "-mabi=ilp32", what])
      .toString()
      .trim();
  const folder = join(PICOLIBC, ask("-print-multi-directory"));
  return [join(folder, "libc.a"), join(folder, "libm.a"), ask("-print-libgcc-file-name")];
}
