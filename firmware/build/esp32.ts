/**
 * Builds the images of ESP32 boards: the C engine host as a static library, linked by cargo with the crates that carry the vendor's
 * radio libraries (firmware/chips/esp32), made an image for the vendor's boot loader by esptool.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { compile, filesBelow, type Group } from "./compile.ts";
import { type Core, compilerOf, RISCV } from "./cores.ts";
import { fetchCrates, linkCrates, vendorsLoader } from "./esp32-crates.ts";
import { partitionTable, TABLE_START } from "./esp32-table.ts";
import { CRATE, chipOf, type Esp32, esptool, librariesOf, run } from "./esp32-tools.ts";
import { CALL_GRAPH, COMMON, FIRMWARE, STRICT, sodiumFlags } from "./flags.ts";
import { type BoardFile, layoutOf, ROOT } from "./layout.ts";
import { cryptoGroup, ENGINE_PARTS, engineBuild, type Image, networkSources, SEALING, VERIFYING } from "./parts.ts";
import { thirdParty } from "./third-party.ts";
import { secureGroups, type Variant } from "./tls-sources.ts";

/** What of the shared sources the vendor's driver or the chip does instead. */
const LEFT_OUT = ["main/libc", "port/entropy"].map((name) => join(FIRMWARE, `${name}.c`));
/** Functions begin and end by calls of libgcc's, which is slower by a few cycles each. Not for cryptography. */
const SMALL = ["-msave-restore"];
const RUNTIME_MAIN = join(FIRMWARE, "main/main.c");

/** @throws BuildStop for a pin that is to end a sleep and can't. */
export function checkWakingPins(
  { name, inputs = {}, sleep }: BoardFile,
  { wakingPins }: Pick<Esp32, "wakingPins">,
): void {
  for (const pin of sleep?.pins ?? []) {
    const number = inputs[pin];
    if (number !== undefined && number < wakingPins) continue;
    throw new BuildStop(
      `boards/${name}/board.json: sleep has ${pin} on GPIO ${number}, which ends no deep sleep (GPIO 0 to ${wakingPins - 1} do)`,
    );
  }
}

function groupsOf(name: string, { core, wakingPins }: Esp32, variant: Variant): readonly Group[] {
  const layout = layoutOf(name);
  checkWakingPins(layout.board, { wakingPins });
  const trees = thirdParty();
  const common = [...core.flags, ...COMMON];
  const sodium = sodiumFlags(trees.libsodium ?? "");
  const flags = [
    ...[...common, ...SMALL, "-Os", ...STRICT, CALL_GRAPH, `-I${FIRMWARE}`, ...layout.definitions],
    `-DCHIP_FILE="chips/esp32/${name}.h"`,
    ...[
      `-DFLASH_BYTES=${layout.board.flash.bytes}u`,
      "-DCHIP_SPI_MESSAGES",
      "-DCHIP_DEEP_SLEEP",
      engineBuild(trees.quickjs ?? "", core),
      `-I${FIRMWARE}/port/lwip`,
    ],
    ...[`-isystem${trees.lwip}/src/include`, `-isystem${trees.quickjs}`],
    ...sodium.map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem")),
  ];
  const inputs = filesBelow(FIRMWARE, ".h");
  const ours: Group = {
    sources: [
      ...["main", "port", "chips/esp32"].flatMap((folder) => filesBelow(join(FIRMWARE, folder), ".c")),
      ...["boot/record-log", "chips/serial", "chips/data-frame", "chips/dhcp-server", "chips/dns-server"].map((path) =>
        join(FIRMWARE, `${path}.c`),
      ),
    ].filter((path) => !LEFT_OUT.includes(path) && path !== RUNTIME_MAIN),
    flags,
    inputs,
  };
  const src = join(trees.lwip ?? "", "src");
  return [
    ours,
    { sources: [RUNTIME_MAIN], flags: [...flags, "-Dmain=runtime_main"], inputs },
    ...secureGroups(ours, trees, variant, core),
    {
      sources: ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"].map((file) =>
        join(trees.quickjs ?? "", `${file}.c`),
      ),
      flags: [
        ...[
          ...common,
          ...SMALL,
          "-Os",
          "-w",
          "-D_GNU_SOURCE",
          '-DCONFIG_VERSION="2025-04-26"',
          "-D__TM_GMTOFF=tm_gmtoff",
        ],
        // Its assertions name their files, which must not tell where this machine has them.
        ...[
          `-I${FIRMWARE}`,
          `-I${trees.quickjs}`,
          "-include",
          "malloc.h",
          `-fmacro-prefix-map=${trees.quickjs}=/quickjs`,
        ],
      ],
      inputs: [basename(trees.quickjs ?? ""), ...ENGINE_PARTS],
    },
    {
      sources: networkSources(trees.lwip ?? ""),
      flags: [...common, ...SMALL, "-Os", "-w", `-I${FIRMWARE}`, `-I${FIRMWARE}/port/lwip`, `-I${src}/include`],
      inputs: [basename(trees.lwip ?? ""), ...inputs],
    },
    cryptoGroup(trees.libsodium ?? "", [...VERIFYING, ...SEALING], core),
  ];
}

/** Objects become one archive, which appears whole. */
async function archive({ tools }: Core, objects: readonly string[], path: string): Promise<void> {
  const key = `${path}.key`;
  const wanted = JSON.stringify(objects);
  if (existsSync(path) && existsSync(key) && readFileSync(key, "utf8") === wanted) return;
  rmSync(path, { force: true });
  await run(`${tools}ar`, ["rcD", path, ...objects], "the archive can't be made");
  writeFileSync(key, wanted);
}

/** The vendor's and esp-hal's names of what lies in memory besides the stack and the radio's heap. */
const IN_MEMORY = [".trap", ".rwtext", ".rwtext.wifi", ".data", ".data.wifi", ".bss", ".noinit"];

/** Bytes of each section of an image. */
export async function sectionsOf(elf: string): Promise<ReadonlyMap<string, number>> {
  const lines = (await run(`${RISCV.tools}size`, ["-A", elf], "sizes can't be read")).split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [, section, size] = /^(\.\S+)\s+(\d+)/.exec(line) ?? [];
      return section === undefined ? [] : [[section, Number(size)] as const];
    }),
  );
}

async function measured(elf: string, binary: string): Promise<{ textBytes: number; ramBytes: number }> {
  const sections = await sectionsOf(elf);
  const ramBytes = IN_MEMORY.reduce((sum, name) => sum + (sections.get(name) ?? 0), 0);
  return { textBytes: statSync(binary).size, ramBytes };
}

const BOOT = join(FIRMWARE, "chips/esp32-boot");

/** Links the boot stage, and puts it behind the vendor's boot loader and our partition table: one file for address 0. */
export async function buildEsp32Boot(name: string): Promise<Image> {
  const chip = chipOf(name);
  const { core } = chip;
  const layout = layoutOf(name);
  const [{ flags, inputs }] = groupsOf(name, chip, { tls: false }) as [Group];
  const trees = thirdParty();
  const ours: Group = {
    sources: [
      ...filesBelow(join(FIRMWARE, "boot"), ".c").filter((path) => basename(path) !== "start.c"),
      ...filesBelow(BOOT, ".c"),
      ...["chips/esp32/flash", "main/report", "chips/serial", "port/crc32", "port/frame", "port/sodium-base"].map(
        (path) => join(FIRMWARE, `${path}.c`),
      ),
    ],
    flags,
    inputs,
  };
  const verifying = cryptoGroup(trees.libsodium ?? "", VERIFYING, chip.core);
  const { objects, compiled } = await compile([ours, verifying], compilerOf(chip.core));
  const folder = join(ROOT, ".cache/firmware", name);
  mkdirSync(folder, { recursive: true });
  const [elf, app, table, binary] = ["boot.elf", "boot-stage.bin", "table.bin", "boot.bin"].map((file) =>
    join(folder, file),
  ) as [string, string, string, string];
  const { bootBytes = 0, bootStackBytes = 0 } = layout.board.budgets;
  const link = [
    ...[...core.flags, ...core.library, "-nostartfiles", "-Wl,--gc-sections"],
    ...[`-L${BOOT}`, `-T${join(BOOT, `boot-${name}.ld`)}`, `-Wl,-Map=${join(folder, "boot.map")}`],
    ...[`-Wl,--defsym=BOOT_BYTES=${bootBytes}`, `-Wl,--defsym=STACK_BYTES=${bootStackBytes}`],
  ];
  await run(compilerOf(core), [...link, ...objects, "-o", elf], `${name}: the boot stage does not link`);
  const flashSize = ["--flash-size", `${layout.board.flash.bytes >> 20}MB`];
  await run(
    esptool(),
    ["--chip", name, "elf2image", ...flashSize, "-o", app, elf],
    `${name}: no boot stage can be made`,
  );
  writeFileSync(table, partitionTable(layout));
  const { start = 0, bytes = 0 } = layout.board.flash.regions.boot ?? {};
  const textBytes = statSync(app).size;
  if (textBytes > bytes) throw new BuildStop(`${name}: the boot stage takes ${textBytes} B of the region's ${bytes}`);
  const loader = await vendorsLoader(name, chip);
  const parts = ["0x0", loader, `0x${TABLE_START.toString(16)}`, table, `0x${start.toString(16)}`, app];
  await run(
    esptool(),
    ["--chip", name, "merge-bin", ...flashSize, "-o", binary, ...parts],
    `${name}: no whole image can be made`,
  );
  return { elf, binary, textBytes, ramBytes: 0, compiled, objects };
}

/** @throws BuildStop when a tool is missing, a source can't be had, or something doesn't compile or fit. */
export async function buildEsp32(name: string, variant: Variant = { tls: false }): Promise<Image> {
  const chip = chipOf(name);
  await fetchCrates(chip);
  const { objects, compiled } = await compile(groupsOf(name, chip, variant), compilerOf(chip.core));
  const folder = join(ROOT, ".cache/firmware", name);
  mkdirSync(folder, { recursive: true });
  const as = variant.tls ? "main-tls" : "main";
  const file = (ending: string) => join(folder, `${as}.${ending}`);
  await archive(chip.core, objects, file("a"));
  const own = join(CRATE, `moved-${name}.x`);
  const scripts = [...(existsSync(own) ? [own] : []), "linkall.x", join(CRATE, "kept.x")].map((path) => `-T${path}`);
  const linked = [`-Map=${file("map")}`, ...scripts, file("a"), ...librariesOf(chip)];
  const [elf, binary] = [file("elf"), file("bin")];
  await linkCrates(name, chip, ["--gc-sections", ...linked], elf);
  const flashSize = ["--flash-size", `${layoutOf(name).board.flash.bytes >> 20}MB`];
  await run(esptool(), ["--chip", name, "elf2image", ...flashSize, "-o", binary, elf], `${name}: no image can be made`);
  return { elf, binary, ...(await measured(elf, binary)), compiled, objects };
}
