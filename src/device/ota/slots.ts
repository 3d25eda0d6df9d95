/** The slots of a board, by component, from the regions of its board.json. */

import type { Flash } from "#device/port.ts";
import { imageBytesMax, type SlotRegion } from "#wire/flash/slot.ts";
import { COMPONENT, type ComponentName } from "#wire/releases/release.ts";

export type Regions = Readonly<Record<string, { readonly start: number; readonly bytes: number } | undefined>>;

/** Slot A and slot B of each component, by kind. */
export type Slots = ReadonlyMap<number, readonly [SlotRegion, SlotRegion]>;

export function slotsOf(flash: Pick<Flash, "sectorBytes" | "writeBytes">, regions: Regions): Slots {
  const slots = new Map<number, readonly [SlotRegion, SlotRegion]>();
  for (const name of Object.keys(COMPONENT) as ComponentName[]) {
    const [a, b] = [regions[`${name}A`], regions[`${name}B`]];
    if (a === undefined || b === undefined) continue;
    const { sectorBytes, writeBytes } = flash;
    slots.set(COMPONENT[name], [
      { ...a, sectorBytes, writeBytes },
      { ...b, sectorBytes, writeBytes },
    ]);
  }
  return slots;
}

/** Bytes of the longest image that each component takes. */
export function slotBytesOf(slots: Slots): ReadonlyMap<number, number> {
  return new Map([...slots].map(([kind, [a, b]]) => [kind, Math.min(imageBytesMax(a), imageBytesMax(b))]));
}
