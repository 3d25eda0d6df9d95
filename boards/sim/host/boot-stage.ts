/** The sim board's boot stage: the same decision and the same verifier as the firmware's, over any flash. */

import { readKeysets } from "#device/ota/memory.ts";
import type { Flash, ResetReason } from "#device/port.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { openStore } from "#device/store/store.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type SlotImage, verifySlot } from "#trust/releases/verify-slot.ts";
import { type BootFacts, decideBoot } from "#wire/flash/boot-decision.ts";
import { readJournal, writeJournal } from "#wire/flash/journal.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import type { Board, Region } from "./board.ts";

export interface BootImage {
  readonly source: string;
  readonly slot: "A" | "B";
  readonly isTrial: boolean;
  readonly sequence: number;
}

/**
 * Chooses and verifies what starts, and writes what the journal must know before it does.
 * @param reason Why the unit starts.
 * @returns The bundle, or undefined when no slot verifies.
 */
export function bootStage(board: Board, flash: Flash, reason: ResetReason): BootImage | undefined {
  const { facts } = openStore(openSettings(flash, board.flash.regions.settings));
  const keysets = readKeysets(nodePrimitives, facts);
  const { sectorBytes, writeBytes, regions } = board.flash;
  const withGeometry = (region: Region) => ({ ...region, sectorBytes, writeBytes });
  const read = (address: number, byteLength: number) => flash.read(address, byteLength);
  const journal = readJournal(withGeometry(regions.journal), read);
  const slots = [withGeometry(regions.jsA), withGeometry(regions.jsB)] as const;
  const verified = new Map<number, SlotImage | undefined>();
  const imageIn = (slot: number): SlotImage | undefined => {
    if (!verified.has(slot)) {
      const { epoch } = journal.state.confirmed;
      const region = slots[slot as 0 | 1];
      const verdicts = keysets.map((keyset) => verifySlot(nodePrimitives, region, read, COMPONENT.js, keyset, epoch));
      verified.set(slot, verdicts.find((verdict) => verdict.ok)?.value);
    }
    return verified.get(slot);
  };
  const bootFacts: BootFacts = {
    reason,
    components: 1 << COMPONENT.js,
    isValid: (component, slot) => component === COMPONENT.js && imageIn(slot) !== undefined,
  };
  let decision = decideBoot(journal.state, bootFacts);
  if (decision.record !== undefined) {
    const { ops } = writeJournal(withGeometry(regions.journal), read, journal, decision.record);
    const isWritten = ops.every((op) => performOp(flash, op));
    if (!isWritten && decision.isTrial) decision = decideBoot({ ...journal.state, job: undefined }, bootFacts);
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
