/** `latchkey firmware`: builds the native image of a board. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { equal } from "#base/bytes.ts";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";
import { exceeded, sizeLines, stackLines } from "#firmware/budget.ts";
import { BuildStop } from "#firmware/build-stop.ts";
import { missingForEsp32 } from "#firmware/esp32-tools.ts";
import { buildBoot, buildRuntime, imagePaths, missingPackages } from "#firmware/image.ts";
import {
  ESP32_BOARDS,
  FIRMWARE_BOARDS,
  isEsp32,
  isLinux,
  LINUX_BOARDS,
  layoutOf,
  RISCV_BOARDS,
} from "#firmware/layout.ts";
import { debianPackage, packedAtS, routerTarball } from "#firmware/linux-package.ts";
import { bringsImages } from "#firmware/ready-images.ts";
import { THIRD_PARTY } from "#firmware/third-party.ts";
import { readBytes, readText, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { sayTrouble } from "./say-trouble.ts";
import { linkedComponents, packageComponents, sbomOf } from "./sbom.ts";

/** The lines that install what a board's build lacks. */
function missingLines(board: string): readonly string[] {
  if (isEsp32(board)) return missingForEsp32();
  const line = missingPackages(layoutOf(board).core);
  return line === undefined ? [] : [line];
}

/** Installs the toolchain where this user may; without that, or when it fails, the build names the line to run. */
function installMissing(board: string): void {
  const lines = missingLines(board);
  if (lines.length === 0 || process.getuid?.() !== 0) return;
  const line = lines.join(" && ");
  process.stderr.write(`latchkey: the firmware needs a toolchain, so: ${line}\n`);
  // Its words are progress; what is built is told on standard output.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("sh", ["-c", line], { stdio: ["ignore", 2, 2], env });
}

/** Writes both packages of a program and reads them back. @throws BuildStop when the disk doesn't hold what was written. */
function writePackages(board: string, program: string, folder: string): void {
  const { version } = JSON.parse(readText(join(PACKAGE_FOLDER, "package.json"))) as { version: string };
  const atS = packedAtS();
  const bytes = readBytes(program);
  mkdirSync(folder, { recursive: true });
  for (const made of [debianPackage(board, bytes, version, atS), routerTarball(board, bytes, version, atS)]) {
    const path = join(folder, made.file);
    writeWhole(path, made.bytes);
    if (!equal(readBytes(path), made.bytes))
      throw new BuildStop(`${path} does not hold what was written; check the disk`);
    process.stdout.write(`package  ${path}, ${made.bytes.length} B\n`);
  }
}

export function register(command: Command): void {
  command
    .command("build")
    .description(
      "install the toolchain if root and it is missing, compile what changed, link, print what the image takes of its budget",
    )
    .requiredOption(
      "--board <name>",
      `one of ${[...FIRMWARE_BOARDS, ...ESP32_BOARDS, ...RISCV_BOARDS, ...LINUX_BOARDS].join(", ")}`,
    )
    .option("--tls", "the image with the TLS client, for products whose cloud has a ca in flash.config.json", false)
    .option("--modelled", "a test build, with models of the hardware that the emulator lacks (board.json)", false)
    .option("--stack", "print the deepest calls of each stack as well, with the bytes of each frame", false)
    .option("--deb", "a Debian package and a tarball for OpenWrt as well, of a Linux board's program", false)
    .option("--out <folder>", "where packages are written", "out")
    .action(async ({ board, tls, modelled, stack, deb, out }: BuildOptions) => {
      try {
        if (deb && !isLinux(board)) {
          throw new BuildStop(`${board} runs no packages; --deb is for ${LINUX_BOARDS.join(", ")}`);
        }
        if (bringsImages(board)) {
          const { runtime, tls: secure } = imagePaths(board);
          process.stdout.write(
            `image  ${tls ? secure : runtime}, which came with the package; release make takes it\n`,
          );
          if (deb) writePackages(board, runtime, out);
          return;
        }
        if (!isLinux(board)) installMissing(board);
        const boot = await buildBoot(board);
        const runtime = await buildRuntime(board, { tls, modelled });
        process.stdout.write(`${sizeLines(board, { boot, runtime, tls })}\n`);
        if (stack && !isLinux(board)) process.stdout.write(`${stackLines({ boot, runtime, tls })}\n`);
        if (isEsp32(board)) {
          const start = relative(".", boot.binary);
          process.stdout.write(`start  ${start}, for address 0: boot loader, partition table, boot stage\n`);
        }
        process.stdout.write(`image  ${relative(".", runtime.binary)}, for latchkey release build --native\n`);
        const over = exceeded(board, { boot, runtime, tls });
        for (const line of over) process.stderr.write(`latchkey: ${board}: ${line}\n`);
        process.exitCode = over.length > 0 ? 1 : 0;
        if (deb && over.length === 0) writePackages(board, runtime.binary, out);
      } catch (error) {
        if (!(error instanceof BuildStop)) throw error;
        process.stderr.write(`latchkey: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
  command
    .command("sbom")
    .description("print what a unit's firmware is made of, with versions and licences: CycloneDX 1.6, JSON")
    .option("--tls", "for the image with the TLS client", false)
    .option("--config <file>", "whose app, for the packages that its bundle holds", "flash.config.json")
    .option("--out <file>", "write it there")
    .action((options: SbomOptions) => sayTrouble(() => sbom(options)));
}

interface BuildOptions {
  readonly board: string;
  readonly tls: boolean;
  readonly modelled: boolean;
  readonly stack: boolean;
  readonly deb: boolean;
  readonly out: string;
}

interface SbomOptions {
  readonly tls: boolean;
  readonly config: string;
  readonly out?: string;
}

async function sbom({ tls, config, out }: SbomOptions): Promise<void> {
  if (out !== undefined) refuseFolder(out);
  const product = readFlashConfig(config);
  const { shares } = await buildBundle(product, { release: "sbom", atS: 0 });
  const components = [...linkedComponents(THIRD_PARTY, tls), ...packageComponents(shares.keys())];
  const { version } = JSON.parse(readText("package.json")) as { version: string };
  const text = `${JSON.stringify(sbomOf(version, components), null, 2)}\n`;
  if (out === undefined) process.stdout.write(text);
  else {
    writeWhole(out, text);
    process.stdout.write(`${out}: ${components.length} components\n`);
  }
}
