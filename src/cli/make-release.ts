/** `latchkey release make`: everything from the app to a signed release, as flash.config.json says. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { readBoard } from "#boards/sim/host/board.ts";
import { startsNative } from "#cli/factory/first-flash.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { namesPath, writeNames } from "#factory/bundle/names.ts";
import { readFlashConfig } from "#factory/config.ts";
import { imagePaths } from "#firmware/image.ts";
import { readBytes } from "#trust/host/files.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { readReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { buildCheckedBundle } from "./checked-bundle.ts";
import { CliTrouble } from "./trouble.ts";

interface MakeOptions {
  readonly config: string;
  readonly board?: string;
  /** Earlier release files that units may still run: they get smaller updates. */
  readonly base: readonly string[];
}

/** @param secureFor What needs an image with TLS; undefined where nothing does. */
function nativeImage(board: string, secureFor: string | undefined): Uint8Array {
  const isSecure = secureFor !== undefined;
  const { runtime, tls } = imagePaths(board);
  const path = isSecure ? tls : runtime;
  if (!existsSync(path)) {
    const more = isSecure ? " --tls" : "";
    const which = isSecure ? ` with TLS, which ${secureFor} needs` : "";
    throw new CliTrouble(
      `there is no native image of ${board}${which}; run: latchkey firmware build --board ${board}${more}`,
    );
  }
  return readBytes(path);
}

/** @throws BundleError with the maker's file and line, ConfigError with the key, KeyFileError, CliTrouble */
export async function makeRelease(sequence: number, { config: path, board: named, base }: MakeOptions): Promise<void> {
  const config = readFlashConfig(path);
  const board = readBoard(named ?? config.board);
  const bases = base.map(readReleaseFile);
  // Before the work whose result it signs.
  const key = readKeyFile(join(config.keys, "release.key"), "release");
  const { product, output, cloud, hardwareRevision } = config;
  const out = join(output, "releases", `${product}-${sequence}.release`);
  if (existsSync(out)) {
    throw new CliTrouble(
      `${out} is there already, and a number is used once; make the next: latchkey release make ${sequence + 1}`,
    );
  }
  const { bytes, names, usesFetch } = await buildCheckedBundle(config, board, {
    release: String(sequence),
    atS: Math.floor(Date.now() / 1000),
  });
  const images = new Map<number, Uint8Array>([[COMPONENT.js, bytes]]);
  const secureFor =
    cloud?.ca !== undefined ? "cloud.ca of flash.config.json" : usesFetch ? "the app's fetch" : undefined;
  if (startsNative(board)) images.set(COMPONENT.native, nativeImage(board.name, secureFor));
  const plan = {
    product,
    sequence,
    hardware: [hardwareRevision],
    consent: "auto",
    epoch: 0,
    notAfterS: undefined,
  } as const;
  mkdirSync(join(output, "releases"), { recursive: true });
  writeReleaseFile(out, signReleaseFile(buildRelease({ ...plan, images, bases }), key.seed));
  writeNames(out, names);
  process.stdout.write(
    `${out}: release ${sequence} of ${product} for ${board.name}, signed; names in ${namesPath(out)}\n`,
  );
}
