/**
 * The flash contents of a bare unit before its first start: the first release, the update journal, and the keys to
 * trust.
 */
import { assert } from "#base/assert.ts";
import { entropyRecord } from "#wire/flash/entropy-record.ts";
import { encodeJournal } from "#wire/flash/journal.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { encodeSlotHead, imageAddress, imageBytesMax } from "#wire/flash/slot.ts";

/** Where things lie in a board's flash: the part of board.json that counts here. */
export interface FlashMap {
  readonly sectorBytes: number;
  readonly writeBytes: number;
  readonly regions: {
    readonly journal: Region;
    readonly settings: Region;
    readonly jsA: Region;
    /** On a board with native firmware. */
    readonly nativeA?: Region;
    /** On a board without a random source of its own. */
    readonly entropy?: Region;
  };
}

interface Region {
  readonly start: number;
  readonly bytes: number;
}

export interface FlashImage {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The bundle doesn't fit the board; the message says by how much. */
class ImageError extends Error {
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
    /** The board's native image, vouched for by the same release; none on the simulated board. */
    readonly native?: Uint8Array | undefined;
    /** 32 random bytes for a board without a random source; never the same for two units. */
    readonly entropySeed?: Uint8Array | undefined;
  },
  values: ReadonlyMap<string, Uint8Array>,
): readonly FlashImage[] {
  const within = (region: Region) => ({
    ...region,
    sectorBytes: map.sectorBytes,
    writeBytes: map.writeBytes,
  });
  const slotOf = (region: Region, image: Uint8Array, what: string): readonly FlashImage[] => {
    const slot = within(region);
    if (image.length > imageBytesMax(slot)) {
      throw new ImageError(
        `the ${what} has ${image.length} bytes, the slot holds ${imageBytesMax(slot)}; make it smaller`,
      );
    }
    return [
      { address: slot.start, bytes: encodeSlotHead(slot, first.signed) },
      { address: imageAddress(slot), bytes: image },
    ];
  };
  const { jsA, nativeA, entropy } = map.regions;
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
    ...slotOf(jsA, first.bundle, "bundle"),
    ...(nativeA && first.native ? slotOf(nativeA, first.native, "native image") : []),
    ...(entropy && first.entropySeed ? [{ address: entropy.start, bytes: entropyRecord(first.entropySeed) }] : []),
  ];
}
