/** Decides whether a slot's image may run. The boot stage checks this at every start, before it runs the image. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { ReadFlash } from "#wire/flash/record-log.ts";
import { imageAddress, imageBytesMax, readSlotHead, type SlotRegion } from "#wire/flash/slot.ts";
import { BLOCK_BYTES, blockCount, LEAF_BYTES, leafOf, rootOf } from "#wire/releases/blocks.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import type { Release } from "#wire/releases/release.ts";
import { openRelease } from "./verify-release.ts";

export interface SlotImage {
  readonly release: Release;
  /** Where the image lies in flash. */
  readonly address: number;
  readonly imageBytes: number;
}

/**
 * Verifies a slot: its release's signature, then every byte of its image against the release.
 * @param kind  The component whose slot this is (COMPONENT in wire/releases/release.ts).
 * @param epoch The lowest security epoch that may still run.
 * @returns The image, or in order: SLOT_EMPTY, what openRelease refuses, RELEASE_PRODUCT, RELEASE_EPOCH,
 *   RELEASE_COMPONENT (none of this kind, or too large for the slot), IMAGE_HASH.
 * @source PROTOCOL 8.7
 */
export function verifySlot(
  crypto: Pick<Primitives, "sha256" | "ed25519VerifyRaw">,
  region: SlotRegion,
  read: ReadFlash,
  kind: number,
  keyset: Keyset,
  epoch: number,
): Result<SlotImage> {
  const signed = readSlotHead(region, read);
  if (signed === undefined) return refuse("SLOT_EMPTY");
  const release = openRelease(crypto, signed, keyset);
  if (!release.ok) return release;
  if (release.value.product !== keyset.product) return refuse("RELEASE_PRODUCT");
  if (release.value.epoch < epoch) return refuse("RELEASE_EPOCH");
  const component = release.value.components.find((each) => each.kind === kind);
  if (component === undefined || component.imageBytes > imageBytesMax(region)) return refuse("RELEASE_COMPONENT");
  const address = imageAddress(region);
  const root = imageRootOf(crypto.sha256, read, address, component.imageBytes);
  if (!equal(root, component.imageRoot)) return refuse("IMAGE_HASH");
  return ok({ release: release.value, address, imageBytes: component.imageBytes });
}

/** The root over an image in flash, a block at a time. */
export function imageRootOf(
  sha256: Primitives["sha256"],
  read: ReadFlash,
  address: number,
  imageBytes: number,
): Uint8Array {
  // In one piece: on a unit a byte string of its own for each leaf takes 200 bytes, 24 KB for a native image.
  const leaves = new Uint8Array(blockCount(imageBytes) * LEAF_BYTES);
  for (let offset = 0, at = 0; offset < imageBytes; offset += BLOCK_BYTES, at += LEAF_BYTES) {
    leaves.set(leafOf(sha256, read(address + offset, Math.min(BLOCK_BYTES, imageBytes - offset))), at);
  }
  return rootOf(sha256, leaves);
}
