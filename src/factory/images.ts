/** What a bare unit's flash holds before it first starts: the first release, a journal that says so, whom to trust. */
import { assert } from "#base/assert.ts";
import { encodeJournal } from "#wire/journal.ts";
import { encodeLog } from "#wire/record-log.ts";
import { settingRecord } from "#wire/setting-record.ts";
import { encodeSlotHead, imageAddress, imageBytesMax } from "#wire/slot.ts";

/** Where things lie in a board's flash: the part of board.json that counts here. */
export interface FlashMap {
  readonly sectorBytes: number;
  readonly writeBytes: number;
  readonly regions: {
    readonly journal: { readonly start: number; readonly bytes: number };
    readonly settings: { readonly start: number; readonly bytes: number };
    readonly jsA: { readonly start: number; readonly bytes: number };
  };
}

export interface FlashImage {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The bundle doesn't fit the board; the message says by how much. */
export class ImageError extends Error {
  override name = "ImageError";
}

/**
 * @param first  The first release: its signed bytes, sequence and epoch, and the bundle that it vouches for.
 * @param values Settings that every unit of the product has, so that the boot stage can verify the bundle at once.
 */
export function firstImages(
  map: FlashMap,
  first: {
    readonly signed: Uint8Array;
    readonly sequence: number;
    readonly epoch: number;
    readonly bundle: Uint8Array;
  },
  values: ReadonlyMap<string, Uint8Array>,
): readonly FlashImage[] {
  const within = (region: { readonly start: number; readonly bytes: number }) => ({
    ...region,
    sectorBytes: map.sectorBytes,
    writeBytes: map.writeBytes,
  });
  const slot = within(map.regions.jsA);
  if (first.bundle.length > imageBytesMax(slot)) {
    throw new ImageError(
      `the bundle has ${first.bundle.length} bytes, the slot holds ${imageBytesMax(slot)}; make the app smaller`,
    );
  }
  const journal = encodeJournal(within(map.regions.journal), {
    sequence: first.sequence,
    epoch: first.epoch,
    slots: 0,
  });
  const settings = encodeLog(
    within(map.regions.settings),
    [...values].map(([name, value]) => settingRecord(name, value)),
  );
  assert(
    journal !== undefined && settings !== undefined,
    "a journal and a few settings fit the regions that the schema allows",
  );
  return [
    { address: map.regions.journal.start, bytes: journal },
    { address: map.regions.settings.start, bytes: settings },
    { address: slot.start, bytes: encodeSlotHead(slot, first.signed) },
    { address: imageAddress(slot), bytes: first.bundle },
  ];
}
