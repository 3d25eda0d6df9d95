import { pulseName } from "#base/board-io.ts";
import { watchIo } from "#device/app-io.ts";
import { checkWhole, IoInstance, type IoOptions, opened, type Pin } from "./io-instance.ts";

export interface PulseCountOptions extends IoOptions {
  readonly signal: Pin;
  readonly control: Pin;
  /** The count has changed, once or several times. */
  readonly onReadable?: ((this: PulseCount) => void) | null;
  readonly format?: "number";
}

/** A counter that goes both ways, as for a rotary encoder (ECMA-419 2nd edition, clause 10, Pulse count). */
export class PulseCount extends IoInstance {
  constructor(options: PulseCountOptions) {
    super(options, pulseName(options.signal, options.control));
    const { io, resource } = opened(this.io);
    io.set(resource, 0);
    const { onReadable } = options;
    if (onReadable) watchIo(opened(this.io), () => onReadable.call(this));
  }

  read(): number {
    const { io, resource } = opened(this.io);
    return io.get(resource);
  }

  /** Sets the count, from which it goes on. */
  write(count: number): void {
    const { io, resource } = opened(this.io);
    checkWhole(count, "count", -(2 ** 31), 2 ** 31 - 1);
    io.set(resource, count);
  }
}
