import { analogName } from "#base/board-io.ts";
import { checkWhole, IoInstance, type IoOptions, opened, type Pin } from "./io-instance.ts";

export interface AnalogOptions extends IoOptions {
  readonly pin: Pin;
  /** The bits that are wanted; the board's own number when absent, or when it has fewer. */
  readonly resolution?: number;
  readonly format?: "number";
}

function nameOf({ pin, resolution = 1 }: AnalogOptions): string {
  checkWhole(resolution, "resolution", 1, 32);
  return analogName(pin);
}

/** An analogue input (ECMA-419 2nd edition, clause 10, Analog input). */
export class Analog extends IoInstance {
  /** Bits of what `read` gives: its greatest value is 2 ** resolution - 1. */
  declare readonly resolution: number;

  constructor(options: AnalogOptions) {
    super(options, nameOf(options));
    const { io, resource } = opened(this.io);
    this.resolution = Math.min(options.resolution ?? 32, io.bits(resource));
  }

  /** A whole number, 0 at the lowest voltage. */
  read(): number {
    const { io, resource } = opened(this.io);
    return Math.floor(io.get(resource) / 2 ** (io.bits(resource) - this.resolution));
  }
}
