/**
 * Selects the transfer of a component that this unit can use: a delta if the flash holds its base, else the whole
 * image.
 */
import { equal } from "#base/bytes.ts";
import type { Primitives } from "#trust/primitives.ts";
import { imageRootOf } from "#trust/releases/verify-slot.ts";
import type { ReadFlash } from "#wire/flash/record-log.ts";
import { imageAddress, imageBytesMax, readSlotHead, type SlotRegion } from "#wire/flash/slot.ts";
import { TRANSFER_NAME_BYTES } from "#wire/releases/blocks.ts";
import { type Component, decodeRelease, RELEASE_BYTES_MAX, type Transfer } from "#wire/releases/release.ts";
import { decodeRoleEnvelope } from "#wire/releases/role-envelope.ts";

/** An image in flash that deltas may build on. */
export interface Base {
  readonly address: number;
  readonly imageBytes: number;
  /** Root over what the flash really holds now. */
  readonly root: Uint8Array;
}

/** The image in a slot, by the length that its head states and the root that its bytes have. */
export function findBase(
  crypto: Pick<Primitives, "sha256">,
  read: ReadFlash,
  slot: SlotRegion,
  kind: number,
): Base | undefined {
  const signed = readSlotHead(slot, read);
  if (signed === undefined) return undefined;
  // No signature is checked here: the base's own bytes are held against the delta's name of them.
  const envelope = decodeRoleEnvelope("release", signed, RELEASE_BYTES_MAX);
  const release = envelope.ok ? decodeRelease(envelope.value.payload) : envelope;
  const component = release.ok ? release.value.components.find((each) => each.kind === kind) : undefined;
  if (component === undefined || component.imageBytes > imageBytesMax(slot)) return undefined;
  const address = imageAddress(slot);
  const { imageBytes } = component;
  return { address, imageBytes, root: imageRootOf(crypto.sha256, read, address, imageBytes) };
}

/** The transfer with the fewest bytes among those that can be used with this base. */
export function usableTransfer(component: Component, base: Pick<Base, "root"> | undefined): Transfer | undefined {
  const root = base?.root.subarray(0, TRANSFER_NAME_BYTES);
  const fits = (transfer: Transfer) =>
    transfer.base === undefined || (root !== undefined && equal(transfer.base, root));
  return component.transfers
    .filter(fits)
    .reduce<Transfer | undefined>(
      (best, each) => (best === undefined || each.streamBytes < best.streamBytes ? each : best),
      undefined,
    );
}
