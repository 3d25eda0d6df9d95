/**
 * Builds boot stage and runtime for this machine's own processor over firmware/chips/host: the same C but for the chip,
 * the arena, network, radio and pins, so that every flash operation of an update can be cut in a minute or two.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { compile, filesBelow, type Group } from "./compile.ts";
import { FIRMWARE, STRICT, sodiumFlags } from "./flags.ts";
import { type Edited, editedGroup } from "./image.ts";
import { isEsp32, layoutOf, ROOT } from "./layout.ts";
import { ENGINE_PARTS, engineBuild, SEALING, VERIFYING } from "./parts.ts";
import { thirdParty } from "./third-party.ts";

/** Whose flash map and limits the host's programs have, where nothing else is said. */
export const HOST_LAYOUT = "qemu-mps2";
/** Room for each board's map, and what tests put behind it. */
export const HOST_FLASH_BYTES = 0x44_0000;

const OUTPUT = join(ROOT, ".cache/firmware/host");
const CC = "gcc";
/** A place for the native image that a pointer of the boot stage can name in 32 bits. */
const IMAGE_ADDRESS = 0x6000_0000;

export interface HostPrograms {
  readonly boot: string;
  readonly main: string;
}

function link(name: string, objects: readonly string[]): string {
  mkdirSync(OUTPUT, { recursive: true });
  const [path, key] = [join(OUTPUT, name), join(OUTPUT, `${name}.key`)];
  const wanted = JSON.stringify(objects);
  if (existsSync(path) && existsSync(key) && readFileSync(key, "utf8") === wanted) return path;
  const draft = `${path}.${process.pid}`;
  const run = spawnSync(CC, ["-no-pie", "-Wl,--gc-sections", ...objects, "-lm", "-o", draft], { encoding: "utf8" });
  if (run.status !== 0) throw new BuildStop(`host: ${name} does not link:\n${run.stderr}`);
  renameSync(draft, path);
  writeFileSync(key, wanted);
  return path;
}

interface HostBuild {
  /** Some of our sources made others, for programs under another name. */
  readonly edited?: Edited | undefined;
  /** Words that the flash takes once, where that is not as the board has it. */
  readonly writeBytes?: number | undefined;
  /** The board whose flash map they have; with a chip of the ESP32 family, its flash code over a model of cache and mask ROM. */
  readonly board?: string | undefined;
}

/** Builds what isn't up to date. @throws BuildStop when there is no gcc, a source can't be had or doesn't compile. */
export async function buildHost({ edited, writeBytes, board }: HostBuild = {}): Promise<HostPrograms> {
  if (spawnSync(CC, ["--version"]).error !== undefined) {
    throw new BuildStop("the host's build wants a C compiler; run: apt-get install -y gcc libc6-dev");
  }
  const trees = thirdParty();
  const common = ["-std=gnu11", "-O1", "-ffunction-sections", "-fdata-sections", "-fno-strict-aliasing", "-no-pie"];
  const sodium = sodiumFlags(trees.libsodium ?? "").map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem"));
  const flags = [
    ...[...common, ...STRICT, `-I${FIRMWARE}`],
    ...layoutOf(board ?? HOST_LAYOUT).definitions.filter(
      (each) => !/^-D(IMAGE_ADDRESS|HEAP_BYTES|ENGINE_STACK_BYTES)=/.test(each),
    ),
    ...(writeBytes === undefined ? [] : ["-UFLASH_WRITE_BYTES", `-DFLASH_WRITE_BYTES=${writeBytes}u`]),
    ...[`-DIMAGE_ADDRESS=${IMAGE_ADDRESS}u`, "-DHEAP_BYTES=8388608u", "-DENGINE_STACK_BYTES=524288u"],
    ...["HOST_FLASH_BYTES", "FLASH_BYTES"].map((name) => `-D${name}=${HOST_FLASH_BYTES}u`),
    ...['-DCHIP_FILE="chips/host/esp32.h"', engineBuild(trees.quickjs ?? ""), `-I${FIRMWARE}/port/lwip`],
    ...[`-isystem${trees.lwip}/src/include`, `-isystem${trees.quickjs}`, ...sodium],
  ];
  const inputs = filesBelow(FIRMWARE, ".h");
  const ours = (...names: readonly string[]): Group => ({
    sources: names.map((name) => join(FIRMWARE, `${name}.c`)),
    flags,
    inputs,
  });
  const below = (folder: string, ...without: readonly string[]): Group => ({
    sources: filesBelow(join(FIRMWARE, folder), ".c").filter((path) => !without.includes(basename(path, ".c"))),
    flags,
    inputs,
  });
  const sodiumGroup = (names: readonly string[]): Group => ({
    sources: names.map((name) => join(trees.libsodium ?? "", "src/libsodium", `${name}.c`)),
    flags: [...common, "-O2", "-w", ...sodiumFlags(trees.libsodium ?? "")],
    inputs: [basename(trees.libsodium ?? "")],
  });
  const engine: Group = {
    sources: ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"].map((name) =>
      join(trees.quickjs ?? "", `${name}.c`),
    ),
    flags: [
      ...common,
      "-O2",
      "-w",
      "-D_GNU_SOURCE",
      '-DCONFIG_VERSION="2025-04-26"',
      `-I${FIRMWARE}`,
      `-I${trees.quickjs}`,
    ],
    inputs: [basename(trees.quickjs ?? ""), ...ENGINE_PARTS],
  };
  const isEspressif = board !== undefined && isEsp32(board);
  const flash = isEspressif ? ["esp32/flash", "host/esp32-model"] : ["host/flash"];
  const chip = ours(
    ...["host/chip", "host/flash-cut", ...flash, "serial"].map((name) => `chips/${name}`),
    ...["main/report", "port/crc32", "port/sodium-base"],
  );
  const asEdited = (groups: readonly Group[]) =>
    edited === undefined ? groups : groups.flatMap((group) => editedGroup(group, join(OUTPUT, edited.as), edited));
  const ownBoot = asEdited([chip, below("boot", "start"), ours("port/frame")]);
  const boot = await compile([...ownBoot, sodiumGroup(VERIFYING)], CC);
  const ownRuntime = asEdited([
    chip,
    ours("chips/host/runtime", "chips/hosted/heap", "boot/record-log"),
    below("main", "heap", "libc", "report"),
    ours(...["aes", "clock", "console", "crypto", "flash", "js", "sodium", "system"].map((name) => `port/${name}`)),
    ours(...(isEspressif ? ["chips/esp32/entropy", "chips/esp32/secret", "port/secret"] : ["port/entropy"])),
  ]);
  const main = await compile([...ownRuntime, engine, sodiumGroup([...VERIFYING, ...SEALING])], CC);
  const ending = [board, edited?.as, writeBytes].map((part) => (part === undefined ? "" : `-${part}`)).join("");
  return { boot: link(`boot${ending}`, boot.objects), main: link(`main${ending}`, main.objects) };
}
