/**
 * Builds boot stage, runtime and radio as one static program for Linux, over firmware/chips/linux. The same file is what a machine
 * starts and what the native slots hold.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { compile, filesBelow, type Group } from "./compile.ts";
import { CORTEX_M } from "./cores.ts";
import { FIRMWARE, STRICT, sodiumFlags } from "./flags.ts";
import { layoutOf, ROOT } from "./layout.ts";
import { type MuslTarget, muslSpecs } from "./musl.ts";
import { ENGINE_PARTS, engineBuild, type Image, SEALING, VERIFYING } from "./parts.ts";
import { thirdParty } from "./third-party.ts";
import { secureGroups } from "./tls-sources.ts";

const HOST_PACKAGES = "gcc musl-tools linux-libc-dev";

/** What compiles and links for one processor. */
interface Toolchain {
  readonly compiler: string;
  /** Debian packages, as apt installs them. */
  readonly packages: string;
  /** Where the kernel's headers lie. */
  readonly headers: readonly string[];
  readonly flags: readonly string[];
  /** A C library for another processor, which is not installed but fetched (musl.ts). */
  readonly musl?: MuslTarget;
}

const cross = (triplet: string, musl: MuslTarget, flags: readonly string[]): Toolchain => ({
  ...{ compiler: `${triplet}-gcc`, headers: [`/usr/${triplet}/include`], flags, musl },
  packages: `gcc-${triplet} linux-libc-dev-${musl.architecture}-cross`,
});

const TOOLCHAINS: Readonly<Record<string, Toolchain>> = {
  linux: {
    ...{ compiler: "musl-gcc", packages: HOST_PACKAGES, flags: [] },
    headers: ["/usr/include", "/usr/include/x86_64-linux-gnu"],
  },
  // The compiler's own atomic operations ask glibc for what the processor has.
  "linux-arm64": cross("aarch64-linux-gnu", { architecture: "arm64", folder: "aarch64-linux-musl" }, [
    "-mno-outline-atomics",
  ]),
  // From the Raspberry Pi 2 on, and every router and module with a Cortex-A.
  "linux-armhf": cross("arm-linux-gnueabihf", { architecture: "armhf", folder: "arm-linux-musleabihf" }, [
    "-march=armv7-a+fp",
  ]),
};

const COMMON = ["-std=gnu11", "-Os", "-ffunction-sections", "-fdata-sections", "-fno-strict-aliasing", "-fno-pie"];
const HARDENED = ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"];
/** What of the shared sources the kernel does here instead (firmware/chips/linux). */
const REPLACED = [
  "port/net",
  "port/dns",
  "port/tcp",
  "port/tcp-deliver",
  "port/tls-wire",
  "port/udp",
  "port/entropy",
  "port/i2c",
];
const LEFT_OUT = [...REPLACED, "main/heap", "main/libc", "boot/start"].map((name) => join(FIRMWARE, `${name}.c`));

/** Two programs' `main` in one: each has a name of its own (firmware/chips/linux/main.c). */
const MAINS = [
  [join(FIRMWARE, "boot/main.c"), "boot_main"],
  [join(FIRMWARE, "main/main.c"), "runtime_main"],
] as const;

function link(board: string, compiler: string, flags: readonly string[], objects: readonly string[]): string {
  const folder = join(ROOT, ".cache/firmware", board);
  mkdirSync(folder, { recursive: true });
  const [path, key, draft] = [join(folder, "main.bin"), join(folder, "main.key"), join(folder, `main.${process.pid}`)];
  const wanted = JSON.stringify(objects);
  if (existsSync(path) && existsSync(key) && readFileSync(key, "utf8") === wanted) return path;
  const words = ["-static", "-no-pie", "-s", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"];
  const run = spawnSync(compiler, [...flags, ...words, ...objects, "-lm", "-o", draft], { encoding: "utf8" });
  if (run.status !== 0) throw new BuildStop(`${board}: the program does not link:\n${run.stderr}`);
  renameSync(draft, path);
  writeFileSync(key, wanted);
  return path;
}

const isThere = ({ compiler, headers }: Toolchain): boolean =>
  spawnSync(compiler, ["--version"]).error === undefined && headers.every((folder) => existsSync(folder));

/** Whether this machine can build a board's program. */
export function canBuild(name: string): boolean {
  const toolchain = TOOLCHAINS[name];
  return toolchain !== undefined && isThere(toolchain);
}

/** @throws BuildStop when the compiler is missing, a source can't be had or something doesn't compile. */
export async function buildLinux(name: string): Promise<Image> {
  const layout = layoutOf(name);
  const toolchain = TOOLCHAINS[name];
  if (toolchain === undefined) throw new BuildStop(`no compiler is known for the board ${name}`);
  if (!isThere(toolchain)) {
    const install = `apt-get install -y --no-install-recommends ${toolchain.packages}`;
    throw new BuildStop(`the program for ${name} needs a compiler; run: ${install}`);
  }
  const trees = thirdParty();
  const sodium = sodiumFlags(trees.libsodium ?? "");
  const kernel = toolchain.headers.flatMap((folder) => ["-idirafter", folder]);
  const musl = toolchain.musl === undefined ? [] : [`-specs=${muslSpecs(toolchain.musl)}`];
  const target = [...toolchain.flags, ...musl];
  const common = [...COMMON, ...target];
  const flags = [
    ...[...common, ...HARDENED, ...STRICT, "-D_GNU_SOURCE", `-I${FIRMWARE}`, ...kernel],
    ...[
      ...layout.definitions,
      `-DFLASH_BYTES=${layout.board.flash.bytes}u`,
      "-DCHIP_SPI_MESSAGES",
      engineBuild(trees.quickjs ?? ""),
    ],
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
      ...["chips/serial", "chips/data-frame", "chips/dhcp-server", "chips/dns-server", "chips/hosted/heap"].map(
        (path) => join(FIRMWARE, `${path}.c`),
      ),
    ].filter(isOurs),
    flags,
    inputs,
  };
  const engine: Group = {
    sources: ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"].map((file) =>
      join(trees.quickjs ?? "", `${file}.c`),
    ),
    flags: [
      ...[...common, "-w", "-D_GNU_SOURCE", '-DCONFIG_VERSION="2025-04-26"', `-I${FIRMWARE}`, `-I${trees.quickjs}`],
      ...["-include", "malloc.h"],
    ],
    inputs: [basename(trees.quickjs ?? ""), ...ENGINE_PARTS],
  };
  const cryptography: Group = {
    sources: [...VERIFYING, ...SEALING].map((file) => join(trees.libsodium ?? "", "src/libsodium", `${file}.c`)),
    flags: [...common, "-O2", "-w", ...sodium],
    inputs: [basename(trees.libsodium ?? "")],
  };
  const chipFlags = new Set([...CORTEX_M.flags, "-fcallgraph-info=su"]);
  const secure = secureGroups(ours, trees, { tls: true }).map((group) => {
    const flags = group.flags.filter((flag) => !chipFlags.has(flag));
    return { ...group, flags: target.every((flag) => flags.includes(flag)) ? flags : [...flags, ...target] };
  });
  const { objects, compiled } = await compile([ours, ...mains, engine, cryptography, ...secure], toolchain.compiler);
  const program = link(name, toolchain.compiler, target, objects);
  return { elf: program, binary: program, textBytes: statSync(program).size, ramBytes: 0, compiled, objects };
}
