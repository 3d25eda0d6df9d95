/**
 * Builds boot stage, runtime and radio as one static program for Linux, over firmware/chips/linux. The same file is what a machine
 * starts and what the native slots hold.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { compile, filesBelow, type Group } from "./compile.ts";
import { CPU, FIRMWARE, STRICT, sodiumFlags } from "./flags.ts";
import { layoutOf, ROOT } from "./layout.ts";
import { ENGINE_PARTS, engineBuild, type Image, SEALING, VERIFYING } from "./parts.ts";
import { BuildStop, thirdParty } from "./third-party.ts";
import { secureGroups } from "./tls-sources.ts";

/** A compiler, and where it finds the kernel's headers. */
interface Toolchain {
  readonly compiler: string;
  readonly install: string;
  readonly headers: readonly string[];
}

const TOOLCHAINS: Readonly<Record<string, Toolchain>> = {
  linux: {
    compiler: "musl-gcc",
    install: "apt-get install -y --no-install-recommends gcc musl-tools linux-libc-dev",
    headers: ["/usr/include", "/usr/include/x86_64-linux-gnu"],
  },
};

const COMMON = ["-std=gnu11", "-Os", "-ffunction-sections", "-fdata-sections", "-fno-strict-aliasing", "-fno-pie"];
const HARDENED = ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"];
/** What of the shared sources the kernel does here instead (firmware/chips/linux). */
const REPLACED = ["port/net", "port/dns", "port/tcp", "port/tcp-deliver", "port/tls-wire", "port/udp", "port/entropy"];
const LEFT_OUT = [...REPLACED, "main/heap", "main/libc", "boot/start"].map((name) => join(FIRMWARE, `${name}.c`));

/** Two programs' `main` in one: each has a name of its own (firmware/chips/linux/main.c). */
const MAINS = [
  [join(FIRMWARE, "boot/main.c"), "boot_main"],
  [join(FIRMWARE, "main/main.c"), "runtime_main"],
] as const;

function link(board: string, { compiler }: Toolchain, objects: readonly string[]): string {
  const folder = join(ROOT, ".cache/firmware", board);
  mkdirSync(folder, { recursive: true });
  const [path, key, draft] = [join(folder, "main.bin"), join(folder, "main.key"), join(folder, `main.${process.pid}`)];
  const wanted = JSON.stringify(objects);
  if (existsSync(path) && existsSync(key) && readFileSync(key, "utf8") === wanted) return path;
  const words = ["-static", "-no-pie", "-s", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"];
  const run = spawnSync(compiler, [...words, ...objects, "-lm", "-o", draft], { encoding: "utf8" });
  if (run.status !== 0) throw new BuildStop(`${board}: the program does not link:\n${run.stderr}`);
  renameSync(draft, path);
  writeFileSync(key, wanted);
  return path;
}

/** Whether this machine can build a board's program. */
export const canBuild = (name: string): boolean =>
  spawnSync(TOOLCHAINS[name]?.compiler ?? "", ["--version"]).error === undefined;

/** @throws BuildStop when the compiler is missing, a source can't be had or something doesn't compile. */
export async function buildLinux(name: string): Promise<Image> {
  const layout = layoutOf(name);
  const toolchain = TOOLCHAINS[name];
  if (toolchain === undefined) throw new BuildStop(`no compiler is known for the board ${name}`);
  if (!canBuild(name)) {
    throw new BuildStop(`the program for ${name} needs a compiler; run: ${toolchain.install}`);
  }
  const trees = thirdParty();
  const sodium = sodiumFlags(trees.libsodium ?? "");
  const kernel = toolchain.headers.flatMap((folder) => ["-idirafter", folder]);
  const flags = [
    ...[...COMMON, ...HARDENED, ...STRICT, "-D_GNU_SOURCE", `-I${FIRMWARE}`, ...kernel],
    ...[...layout.definitions, `-DFLASH_BYTES=${layout.board.flash.bytes}u`, engineBuild(trees.quickjs ?? "")],
    `-isystem${trees.quickjs}`,
    ...sodium.map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem")),
  ];
  const inputs = filesBelow(FIRMWARE, ".h");
  const mains = MAINS.map(
    ([source, main]): Group => ({ sources: [source], flags: [...flags, `-Dmain=${main}`], inputs }),
  );
  const isOurs = (path: string) => !LEFT_OUT.includes(path) && !MAINS.some(([source]) => source === path);
  const ours: Group = {
    sources: [
      ...["boot", "main", "port", "chips/linux"].flatMap((folder) => filesBelow(join(FIRMWARE, folder), ".c")),
      ...["chips/serial", "chips/hosted/heap"].map((path) => join(FIRMWARE, `${path}.c`)),
    ].filter(isOurs),
    flags,
    inputs,
  };
  const engine: Group = {
    sources: ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"].map((file) =>
      join(trees.quickjs ?? "", `${file}.c`),
    ),
    flags: [
      ...[...COMMON, "-w", "-D_GNU_SOURCE", '-DCONFIG_VERSION="2025-04-26"', `-I${FIRMWARE}`, `-I${trees.quickjs}`],
      ...["-include", "malloc.h"],
    ],
    inputs: [basename(trees.quickjs ?? ""), ...ENGINE_PARTS],
  };
  const cryptography: Group = {
    sources: [...VERIFYING, ...SEALING].map((file) => join(trees.libsodium ?? "", "src/libsodium", `${file}.c`)),
    flags: [...COMMON, "-O2", "-w", ...sodium],
    inputs: [basename(trees.libsodium ?? "")],
  };
  const chipFlags = new Set([...CPU, "-fcallgraph-info=su"]);
  const secure = secureGroups(ours, trees, { tls: true }).map((group) => ({
    ...group,
    flags: group.flags.filter((flag) => !chipFlags.has(flag)),
  }));
  const { objects, compiled } = await compile([ours, ...mains, engine, cryptography, ...secure], toolchain.compiler);
  const program = link(name, toolchain, objects);
  return { elf: program, binary: program, textBytes: statSync(program).size, ramBytes: 0, compiled, objects };
}
