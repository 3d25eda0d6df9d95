/**
 * A slot: the place of one image in flash, with the release that vouches for it in the sector before it. The image
 * itself begins one sector after the slot does. The head is written last, so a slot without a whole head is empty.
 *
 * Head: "LKS1", release bytes u16, zero u16, CRC-32 u32 over the release, the signed release; 0xff to a whole write.
 * @source PROTOCOL 8.7
 */
import { concat, viewOf } from "#base/bytes.ts";
import { crc32 } from "#codec/crc.ts";
import { RELEASE_BYTES_MAX } from "#wire/releases/release.ts";
import type { ReadFlash } from "./record-log.ts";

/** "LKS1" as a little-endian number. */
const MAGIC = 0x31534b4c;
const HEAD_BYTES = 12;

/** Where a slot lies: whole sectors. */
export interface SlotRegion {
  readonly start: number;
  readonly bytes: number;
  readonly sectorBytes: number;
  readonly writeBytes: number;
}

/** The head's bytes, to be written at the slot's start. */
export function encodeSlotHead(region: SlotRegion, signedRelease: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = viewOf(head);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, signedRelease.length, true);
  view.setUint32(8, crc32(signedRelease), true);
  const gap = (region.writeBytes - ((HEAD_BYTES + signedRelease.length) % region.writeBytes)) % region.writeBytes;
  return concat(head, signedRelease, new Uint8Array(gap).fill(0xff));
}

/** The signed release in a slot's head, or undefined when the slot is empty or its head damaged. */
export function readSlotHead(region: SlotRegion, read: ReadFlash): Uint8Array | undefined {
  const view = viewOf(read(region.start, HEAD_BYTES));
  const releaseBytes = view.getUint16(4, true);
  if (view.getUint32(0, true) !== MAGIC || releaseBytes > RELEASE_BYTES_MAX) return undefined;
  const release = read(region.start + HEAD_BYTES, releaseBytes).slice();
  return crc32(release) === view.getUint32(8, true) ? release : undefined;
}

/** Where a slot's image begins. */
export function imageAddress(region: SlotRegion): number {
  return region.start + region.sectorBytes;
}

/** The longest image that a slot can hold. */
export function imageBytesMax(region: SlotRegion): number {
  return region.bytes - region.sectorBytes;
}
