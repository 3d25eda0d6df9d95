/** Builds a board's native image from our C and the pinned third-party sources, and says what it takes. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { compile, filesBelow, type Group } from "./compile.ts";
import { CORTEX_M, type Core, compilerOf } from "./cores.ts";
import { buildEsp32, buildEsp32Boot } from "./esp32.ts";
import { CALL_GRAPH, COMMON, FIRMWARE, OURS, sodiumFlags } from "./flags.ts";
import { isEsp32, isLinux, type Layout, layoutOf, ROOT } from "./layout.ts";
import { buildLinux } from "./linux.ts";
import { cryptoGroup, engineBuild, engineGroup, type Image, networkSources, SEALING, VERIFYING } from "./parts.ts";
import { THIRD_PARTY, thirdParty } from "./third-party.ts";
import { PLAIN, secureGroups, type Variant } from "./tls-sources.ts";

/** The one line that installs what is missing, or undefined when all is there. */
export function missingPackages(core: Core = CORTEX_M): string | undefined {
  const programs = [compilerOf(core), core.emulator, "xz", "bzip2"];
  if (programs.every((program) => spawnSync(program, ["--version"]).error === undefined)) return undefined;
  const packages = core === CORTEX_M ? THIRD_PARTY.debian : [...core.packages, "xz-utils", "bzip2"];
  return `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

function networkGroup(tree: string, core: Core): Group {
  const src = join(tree, "src");
  return {
    sources: networkSources(tree),
    flags: [
      ...core.flags,
      ...COMMON,
      ...[CALL_GRAPH, "-Os", "-w", `-I${FIRMWARE}`, `-I${FIRMWARE}/port/lwip`, `-I${src}/include`],
    ],
    inputs: [basename(tree), ...filesBelow(FIRMWARE, ".h")],
  };
}

function runtimeGroup(layout: Layout, trees: Readonly<Record<string, string>>): Group {
  const chips = join(FIRMWARE, "chips");
  return {
    sources: [
      join(FIRMWARE, "boot/record-log.c"),
      ...filesBelow(join(FIRMWARE, "main"), ".c"),
      ...filesBelow(join(FIRMWARE, "port"), ".c"),
      ...filesBelow(join(chips, layout.core.folder), ".c"),
      ...filesBelow(join(chips, layout.chip), ".c"),
      join(chips, "serial.c"),
    ],
    flags: [
      ...layout.core.flags,
      ...COMMON,
      ...OURS,
      ...layout.definitions,
      engineBuild(trees.quickjs ?? "", layout.core),
      `-I${join(chips, layout.chip, "include")}`,
      `-I${FIRMWARE}/port/lwip`,
      `-isystem${trees.lwip}/src/include`,
      `-isystem${trees.quickjs}`,
      ...sodiumFlags(trees.libsodium ?? "").map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem")),
    ],
    inputs: filesBelow(FIRMWARE, ".h"),
  };
}

/** Of a chip: the network, and models of what an emulator lacks. */
const NOT_IN_BOOT: ReadonlySet<string> = new Set(["ether.c", "modelled.c"]);

export function bootGroup(layout: Layout, trees: Readonly<Record<string, string>>): Group {
  const chips = join(FIRMWARE, "chips");
  const { flags, inputs } = runtimeGroup(layout, trees);
  return {
    sources: [
      ...filesBelow(join(FIRMWARE, "boot"), ".c"),
      ...filesBelow(join(chips, layout.core.folder), ".c"),
      ...filesBelow(join(chips, layout.chip), ".c").filter((path) => !NOT_IN_BOOT.has(basename(path))),
      ...["main/report", "chips/serial", "port/crc32", "port/frame", "port/sodium-base"].map((name) =>
        join(FIRMWARE, `${name}.c`),
      ),
    ],
    flags,
    inputs,
  };
}

/** The sum of the sections that lie in flash and of those that lie in RAM. */
function measure(elf: string, { tools }: Core): { textBytes: number; ramBytes: number } {
  let textBytes = 0;
  let ramBytes = 0;
  for (const line of execFileSync(`${tools}size`, ["-A", elf]).toString().split("\n")) {
    const [, section = "", size = "0"] = /^(\.\S+)\s+(\d+)/.exec(line) ?? [];
    if ([".text", ".ARM.exidx", ".data"].includes(section)) textBytes += Number(size);
    if ([".kept", ".data", ".bss", ".stack"].includes(section)) ramBytes += Number(size);
  }
  return { textBytes, ramBytes };
}

interface Link {
  /** Which layout. */
  readonly name: "main" | "boot";
  /** What the files are called, when not like the layout. */
  readonly as?: string;
  readonly objects: readonly string[];
  readonly symbols: Readonly<Record<string, number>>;
}

/** Links when objects or symbols are new. The files appear whole: two builds at once don't see each other's halves. */
export function link(layout: Layout, { name, as = name, objects, symbols }: Link): { elf: string; binary: string } {
  const folder = join(ROOT, ".cache/firmware", layout.board.name);
  mkdirSync(folder, { recursive: true });
  const [elf, binary, key] = ["elf", "bin", "key"].map((ending) => join(folder, `${as}.${ending}`)) as [
    string,
    string,
    string,
  ];
  const scripts = [...filesBelow(FIRMWARE, ".ld")].map((path) => readFileSync(path, "utf8"));
  const wanted = JSON.stringify([objects, symbols, scripts]);
  if (existsSync(elf) && existsSync(binary) && existsSync(key) && readFileSync(key, "utf8") === wanted) {
    return { elf, binary };
  }
  const draft = join(folder, `${as}.${process.pid}`);
  const args = [
    ...[...layout.core.flags, "-nostartfiles", ...layout.core.library, "-Wl,--gc-sections"],
    ...[`-L${join(FIRMWARE, "main")}`, `-T${join(FIRMWARE, "chips", layout.chip, `${name}.ld`)}`],
    ...Object.entries(symbols).map(([symbol, value]) => `-Wl,--defsym=${symbol}=${value}`),
    ...[`-Wl,-Map=${join(folder, `${as}.map`)}`, ...objects, "-lm", "-o", `${draft}.elf`],
  ];
  const run = spawnSync(compilerOf(layout.core), args, { encoding: "utf8" });
  if (run.status !== 0) throw new BuildStop(`${layout.board.name}: ${name} does not link:\n${run.stderr}`);
  execFileSync(`${layout.core.tools}objcopy`, ["-O", "binary", `${draft}.elf`, `${draft}.bin`]);
  renameSync(`${draft}.elf`, elf);
  renameSync(`${draft}.bin`, binary);
  writeFileSync(key, wanted);
  return { elf, binary };
}

/** The board's layout and the sources' folders. @throws BuildStop when the toolchain or a source can't be had. */
export function prepare(name: string, isModelled = false): { layout: Layout; trees: Readonly<Record<string, string>> } {
  const layout = layoutOf(name, isModelled);
  const install = missingPackages(layout.core);
  if (install !== undefined) throw new BuildStop(`the firmware needs a toolchain; run: ${install}`);
  return { layout, trees: thirdParty() };
}

/** Some of our sources made another: what the next version would be. */
export interface Edited {
  readonly as: string;
  /** The new text of a source, by its path below firmware/. */
  readonly edits: ReadonlyMap<string, (text: string) => string>;
}

/** The group with its edited sources in a folder of their own. What is edited may leave warnings behind. */
export function editedGroup(group: Group, folder: string, { edits }: Edited): readonly Group[] {
  mkdirSync(folder, { recursive: true });
  const isEdited = (source: string) => edits.has(relative(FIRMWARE, source));
  const edited = group.sources.filter(isEdited).map((source) => {
    const path = join(folder, basename(source));
    writeFileSync(path, edits.get(relative(FIRMWARE, source))?.(readFileSync(source, "utf8")) ?? "");
    return path;
  });
  return [
    { ...group, sources: group.sources.filter((source) => !isEdited(source)) },
    { ...group, sources: edited, flags: [...group.flags, "-Wno-error"] },
  ];
}

function withArena(layout: Layout, heapBytes: number): Layout {
  const { budgets } = layout.board;
  const ramBytes = (budgets.ramBytes ?? 0) - (budgets.heapBytes ?? 0) + heapBytes;
  return {
    ...layout,
    board: { ...layout.board, budgets: { ...budgets, heapBytes, ramBytes } },
    definitions: layout.definitions.map((each) => each.replace(/^-DHEAP_BYTES=.*/, `-DHEAP_BYTES=${heapBytes}u`)),
  };
}

function nameOf({ tls, modelled = false, heapBytes }: Variant): string {
  return `main${tls ? "-tls" : ""}${modelled ? "-modelled" : ""}${heapBytes === undefined ? "" : `-${heapBytes}`}`;
}

/**
 * Compiles what changed and links the runtime of a board into .cache/firmware/BOARD/main.elf, or under another name where
 * it is another variant or edited.
 * @throws BuildStop when a package is missing, a source can't be had, something doesn't compile or doesn't fit.
 */
export async function buildRuntime(name: string, variant: Variant = PLAIN, edited?: Edited): Promise<Image> {
  if (isLinux(name)) return buildLinux(name);
  if (isEsp32(name)) return buildEsp32(name, variant);
  const { layout: plain, trees } = prepare(name, variant.modelled);
  const layout = variant.heapBytes === undefined ? plain : withArena(plain, variant.heapBytes);
  const { core } = layout;
  const ours = runtimeGroup(layout, trees);
  const groups = [
    ...(edited === undefined ? [ours] : editedGroup(ours, join(ROOT, ".cache/firmware", name, edited.as), edited)),
    ...secureGroups(ours, trees, variant, core),
    engineGroup(trees.quickjs ?? "", core),
    networkGroup(trees.lwip ?? "", core),
    cryptoGroup(trees.libsodium ?? "", [...VERIFYING, ...SEALING], core),
  ];
  const { objects, compiled } = await compile(groups, compilerOf(core));
  const { budgets } = layout.board;
  const linked = link(layout, {
    name: "main",
    as: edited?.as ?? nameOf(variant),
    objects,
    symbols: {
      TEXT_BYTES: (variant.tls ? budgets.textTlsBytes : budgets.textBytes) ?? 0,
      RAM_BYTES: budgets.ramBytes ?? 0,
      STACK_BYTES: (budgets.stackBytes ?? 0) + (budgets.nativeStackBytes ?? 0),
    },
  });
  return { ...linked, ...measure(linked.elf, core), compiled, objects };
}

/** The same for the boot stage, into .cache/firmware/BOARD/boot.elf. */
export async function buildBoot(name: string, edited?: Edited): Promise<Image> {
  if (isLinux(name)) return buildLinux(name);
  if (isEsp32(name)) return buildEsp32Boot(name);
  const { layout, trees } = prepare(name);
  const { core } = layout;
  const ours = bootGroup(layout, trees);
  const groups = [
    ...(edited === undefined ? [ours] : editedGroup(ours, join(ROOT, ".cache/firmware", name, edited.as), edited)),
    cryptoGroup(trees.libsodium ?? "", VERIFYING, core),
  ];
  const { objects, compiled } = await compile(groups, compilerOf(core));
  const symbols = {
    BOOT_BYTES: layout.board.budgets.bootBytes ?? 0,
    STACK_BYTES: layout.board.budgets.bootStackBytes ?? 0,
  };
  const linked = link(layout, { name: "boot", as: edited?.as ?? "boot", objects, symbols });
  return { ...linked, ...measure(linked.elf, core), compiled, objects };
}

/** Where a board's built images lie: the published package brings them along. */
export function imagePaths(name: string): { readonly boot: string; readonly runtime: string; readonly tls: string } {
  const brought = join(ROOT, "images", name);
  const folder = existsSync(brought) ? brought : join(ROOT, ".cache/firmware", name);
  const runtime = join(folder, "main.bin");
  // A program for Linux always has the TLS client. What an ESP32 starts with is written to its flash, at address 0.
  return {
    boot: join(folder, isEsp32(name) ? "boot.bin" : "boot.elf"),
    runtime,
    tls: isLinux(name) ? runtime : join(folder, "main-tls.bin"),
  };
}
