/** Chapter 1: the line makes a unit. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { firstFlash } from "#cli/factory/first-flash.ts";
import { makerKeys, newMakerKeys } from "#cli/maker-keys.ts";
import { ROOTS_FILE } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import type { Bundle } from "#factory/bundle/bundle.ts";
import { writeNames } from "#factory/bundle/names.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { makeUnit } from "#factory/line.ts";
import { openRegistry } from "#factory/registry.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type ReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { nativeImage } from "./native.ts";
import type { UnitWorld, World } from "./world.ts";

/** The maker's keys, made when this is the first unit ever. */
function keysOf(config: FlashConfig): MakerKeys {
  if (!existsSync(join(config.keys, ROOTS_FILE))) newMakerKeys(config.keys, config.product);
  return makerKeys(config);
}

/** The images of a release, one of them at least. */
interface ReleaseImages {
  readonly native?: Uint8Array | undefined;
  readonly js?: Pick<Bundle, "bytes" | "names"> | undefined;
}

/** What a release of these images says. */
function planOf(
  config: FlashConfig,
  sequence: number,
  { native, js }: ReleaseImages,
  bases: readonly ReleaseFile[] = [],
) {
  const images = new Map<number, Uint8Array>();
  if (native !== undefined) images.set(COMPONENT.native, native);
  if (js !== undefined) images.set(COMPONENT.js, js.bytes);
  return {
    product: config.product,
    sequence,
    hardware: [config.hardwareRevision],
    consent: "auto" as const,
    epoch: 0,
    notAfterS: undefined,
    images,
    bases,
  };
}

/** Builds, signs and keeps a release, its bundle's names beside it. @returns The file, and where it lies. */
export function makeRelease(
  config: FlashConfig,
  sequence: number,
  images: ReleaseImages,
  bases: readonly ReleaseFile[] = [],
): { readonly path: string; readonly file: ReleaseFile } {
  const folder = join(config.output, "releases");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${config.product}-${sequence}.release`);
  const { seed } = readKeyFile(join(config.keys, "release.key"), "release");
  const file = signReleaseFile(buildRelease(planOf(config, sequence, images, bases)), seed);
  writeReleaseFile(path, file);
  if (images.js !== undefined) writeNames(path, images.js.names);
  return { path, file };
}

/** The number after the highest release that was ever made here: a maker's numbers only go up. */
function nextSequence(config: FlashConfig): number {
  const folder = join(config.output, "releases");
  const made = existsSync(folder) ? readdirSync(folder) : [];
  const numbers = made.map((name) => Number(/-(\d+)\.release$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

export async function factory(world: World): Promise<UnitWorld> {
  const { tell, config, board, station } = world;
  tell.chapter("1  Factory: the line makes a unit");
  const nowS = Math.floor(Date.now() / 1000);
  const sequence = nextSequence(config);
  mkdirSync(config.output, { recursive: true });
  const keys = await tell.step(
    "maker's keys",
    async () => keysOf(config),
    (made) => `issuer ${toHex(made.issuer.publicKey).slice(0, 8)}…`,
  );
  const bundle = await tell.step(
    "bundle",
    () => buildCheckedBundle(config, board, { release: String(sequence), atS: nowS }),
    ({ bytes }) => `${bytes.length} bytes`,
  );
  const native = await tell.step(
    "native image",
    () => nativeImage(board, config),
    (image) => (image === undefined ? "none: the engine is the host's" : `${image.length} bytes`),
  );
  const release = await tell.step(
    `release ${sequence}, signed`,
    async () => makeRelease(config, sequence, { native, js: bundle }),
    ({ file }) => `${file.signed?.length} bytes of manifest`,
  );
  const images = firstFlash(config, board, release.file, keys, release.path);
  const registry = openRegistry(join(config.output, "registry.db"));
  try {
    const unit = await makeUnit({
      config,
      keys,
      station,
      registry,
      crypto: nodePrimitives,
      images,
      release: String(sequence),
      nowS,
      step: (name, work) => tell.step(name, work),
    });
    tell.note("device ID", toHex(unit.id));
    tell.note("label, card, PDF", unit.folder);
    const made = registry.count();
    tell.note("registry", `${join(config.output, "registry.db")}, ${made} ${made === 1 ? "unit" : "units"}`);
    return { ...world, unit, sequence };
  } finally {
    registry.close();
  }
}
