import { pwmName } from "#base/board-io.ts";
import { checkWhole, IoInstance, type IoOptions, opened, type Pin } from "./io-instance.ts";

export interface PWMOptions extends IoOptions {
  readonly pin: Pin;
  /** The frequency that is wanted, Hz; the board's own when absent. */
  readonly hz?: number;
  readonly format?: "number";
}

function nameOf({ pin, hz = 1 }: PWMOptions): string {
  if (!(hz > 0 && hz < 2 ** 31)) throw new RangeError(`hz is ${hz} (expected a positive number)`);
  return pwmName(pin);
}

/** A pulse-width modulated output, at 0 % until it is written (ECMA-419 2nd edition, clause 10, Pulse-width modulation). */
export class PWM extends IoInstance {
  /** Bits of what `write` takes: 2 ** resolution - 1 is 100 %. */
  declare readonly resolution: number;
  /** The frequency that it has, Hz. */
  declare readonly hz: number;

  constructor(options: PWMOptions) {
    super(options, nameOf(options));
    const { io, resource } = opened(this.io);
    this.resolution = io.bits(resource);
    this.hz = io.configure(resource, options.hz ?? 0, 0);
    io.set(resource, 0);
  }

  /** Sets the duty cycle: a whole number from 0 to 2 ** resolution - 1. */
  write(value: number): void {
    const { io, resource } = opened(this.io);
    checkWhole(value, "value", 0, 2 ** this.resolution - 1);
    io.set(resource, value);
  }

  /** Switches it off. */
  override close(): void {
    this.io?.io.set(this.io.resource, 0);
    super.close();
  }
}
