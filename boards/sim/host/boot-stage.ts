/** The sim board's boot stage: the same decision and the same verifier as the firmware's, over a flash file. */

import { fromUtf8 } from "#base/utf8.ts";
import { decodeCbor } from "#codec/cbor.ts";
import type { ResetReason } from "#device/port.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { verifyKeyset } from "#trust/verify-keyset.ts";
import { type SlotImage, verifySlot } from "#trust/verify-slot.ts";
import { decideBoot } from "#wire/boot-decision.ts";
import { readJournal, writeJournal } from "#wire/journal.ts";
import type { Keyset } from "#wire/keyset.ts";
import { COMPONENT } from "#wire/release.ts";
import { PROVISIONED } from "#wire/stored-names.ts";
import type { Board, Region } from "./board.ts";
import type { FlashFile } from "./flash-file.ts";

export interface BootImage {
  readonly source: string;
  readonly slot: "A" | "B";
  readonly isTrial: boolean;
  readonly sequence: number;
}

/** The key set that the unit pins, checked against the roots; undefined on a flash that no factory wrote. */
function pinnedKeyset(board: Board, flash: FlashFile): Keyset | undefined {
  const settings = openSettings(flash, board.flash.regions.settings);
  const product = fromUtf8(settings.get(PROVISIONED.product) ?? new Uint8Array(0));
  const roots = decodeCbor(settings.get(PROVISIONED.roots) ?? new Uint8Array(0));
  const signed = settings.get(PROVISIONED.keySet);
  if (product === undefined || signed === undefined || !roots.ok || !Array.isArray(roots.value)) return undefined;
  const trust = { roots: roots.value as Uint8Array[], product, versionFloor: 0 };
  const keyset = verifyKeyset(nodePrimitives, signed, trust);
  return keyset.ok ? keyset.value : undefined;
}

/**
 * Chooses and verifies what starts, and writes what the journal must know before it does.
 * @param reason Why the unit starts.
 * @returns The bundle, or undefined when no slot verifies.
 */
export function bootStage(board: Board, flash: FlashFile, reason: ResetReason): BootImage | undefined {
  const keyset = pinnedKeyset(board, flash);
  if (keyset === undefined) return undefined;
  const { sectorBytes, writeBytes, regions } = board.flash;
  const withGeometry = (region: Region) => ({ ...region, sectorBytes, writeBytes });
  const read = (address: number, byteLength: number) => flash.read(address, byteLength);
  const journal = readJournal(withGeometry(regions.journal), read);
  const slots = [withGeometry(regions.jsA), withGeometry(regions.jsB)] as const;
  const verified = new Map<number, SlotImage | undefined>();
  const imageIn = (slot: number): SlotImage | undefined => {
    if (!verified.has(slot)) {
      const image = verifySlot(
        nodePrimitives,
        slots[slot as 0 | 1],
        read,
        COMPONENT.js,
        keyset,
        journal.state.confirmed.epoch,
      );
      verified.set(slot, image.ok ? image.value : undefined);
    }
    return verified.get(slot);
  };
  const decision = decideBoot(journal.state, {
    reason,
    components: 1 << COMPONENT.js,
    isValid: (component, slot) => component === COMPONENT.js && imageIn(slot) !== undefined,
  });
  if (decision.record !== undefined) {
    const { ops } = writeJournal(withGeometry(regions.journal), read, journal, decision.record);
    for (const op of ops) performOp(flash, op);
  }
  if (decision.slots === undefined) return undefined;
  const slot = (decision.slots >> COMPONENT.js) & 1;
  const image = imageIn(slot) as SlotImage;
  return {
    source: new TextDecoder().decode(read(image.address, image.imageBytes)),
    slot: slot === 0 ? "A" : "B",
    isTrial: decision.isTrial,
    sequence: image.release.sequence,
  };
}
