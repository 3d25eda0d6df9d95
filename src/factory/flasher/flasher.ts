/**
 * Writes a board's flash over its serial line through the loader in its chip's ROM. One implementation a chip family; the dev loop, the
 * line and recovery use it.
 */
import type { FlashImage } from "#factory/images.ts";

/** The board can't be written so; the message is one line that says what to do. */
export class FlasherError extends Error {
  override name = "FlasherError";
}

/** Which chip answers. */
export interface DetectedChip {
  /** As boards are named: "esp32c6". */
  readonly chip: string;
  /** As its maker names it, with its revision. */
  readonly description: string;
}

/** What differs from one board to the next. */
export interface ChipIdentity {
  /** The address that the chip's maker gave it, as "40:4c:ca:00:00:01". */
  readonly mac: string;
  readonly flashBytes: number;
}

export interface Flasher {
  /** Puts the chip into its loader and says which it is. Comes before everything else. */
  detect(): Promise<DetectedChip>;
  identify(): Promise<ChipIdentity>;
  /** Reads what the flash holds. */
  read(address: number, byteLength: number): Promise<Uint8Array>;
  /** Erases the whole flash: what a unit was and knew is gone. */
  erase(): Promise<void>;
  /**
   * Writes images at their addresses, in whole sectors, and verifies them.
   * @param onProgress Told of bytes written, and of all that there are.
   */
  write(images: readonly FlashImage[], onProgress?: (written: number, all: number) => void): Promise<void>;
  /** Has the chip hash what its flash holds at the images' places. @throws FlasherError where it differs */
  verify(images: readonly FlashImage[]): Promise<void>;
  /** Starts what is in the flash. The line then carries the board's console. */
  reset(): Promise<void>;
}
