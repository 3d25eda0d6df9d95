/** Prepares a bare unit's flash: a signed release, and the keys that the unit is to trust. */
import { utf8 } from "#base/utf8.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { type FlashImage, firstImages } from "#factory/images.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { ReleaseFile } from "#trust/host/release-file.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { COMPONENT } from "#wire/releases/release.ts";

const ENTROPY_SEED_BYTES = 32;

/** Whether a board starts images of our firmware; the simulated one brings its engine along. */
export function startsNative(board: Board): boolean {
  return board.name !== "sim" && board.flash.regions.nativeA !== undefined;
}

/**
 * Everything that is wrong with a release for this line is found here, before a unit's flash is touched.
 * @param source   What to call the release in an error.
 * @param settings What else the unit remembers from its first start on.
 * @returns For one unit: a board without a random source gets a seed of its own among them.
 * @throws CliTrouble
 */
export function firstFlash(
  { product, hardwareRevision }: Pick<FlashConfig, "product" | "hardwareRevision">,
  board: Board,
  { release, signed, images }: ReleaseFile,
  keys: Pick<MakerKeys, "roots" | "keySet">,
  source: string,
  settings: ReadonlyMap<string, Uint8Array> = new Map(),
): readonly FlashImage[] {
  if (signed === undefined) throw new CliTrouble(`${source} is not signed yet: latchkey release sign`);
  const keyset = verifyKeyset(nodePrimitives, keys.keySet, { roots: keys.roots, product, versionFloor: 0 });
  if (!keyset.ok)
    throw new CliTrouble(`the key set is not one of ${product} (${keyset.fault}); name its folder in keys`);
  const opened = openRelease(nodePrimitives, signed, keyset.value);
  if (!opened.ok)
    throw new CliTrouble(`${source} is not signed by a key of this key set (${opened.fault}); sign it anew`);
  if (release.product !== product)
    throw new CliTrouble(`${source} is for ${release.product}, this line makes ${product}`);
  if (!release.hardware.includes(hardwareRevision)) {
    const revisions = release.hardware.join(", ");
    throw new CliTrouble(`${source} is for hardware ${revisions}, this line makes ${hardwareRevision}`);
  }
  const bundle = images.get(COMPONENT.js);
  const native = images.get(COMPONENT.native);
  if (bundle === undefined) throw new CliTrouble(`${source} holds no bundle; build it with --js`);
  if (startsNative(board) && native === undefined) {
    throw new CliTrouble(`${source} holds no native image, and ${board.name} starts one; build it with --native`);
  }
  const { entropy } = board.flash.regions;
  return firstImages(
    board.flash,
    {
      signed,
      sequence: release.sequence,
      epoch: release.epoch,
      bundle,
      native,
      entropySeed: entropy === undefined ? undefined : nodePrimitives.random(ENTROPY_SEED_BYTES),
    },
    new Map([
      [PROVISIONED.product, utf8(product)],
      [PROVISIONED.roots, encodeCbor(keys.roots)],
      [PROVISIONED.keySet, keys.keySet],
      ...settings,
    ]),
  );
}
