import { digitalName, MODES } from "#base/board-io.ts";
import { watchIo } from "#device/app-io.ts";
import { checkWhole, IoInstance, type IoOptions, opened, type Pin } from "./io-instance.ts";

export interface DigitalOptions extends IoOptions {
  readonly pin: Pin;
  /** One of Digital.Input, InputPullUp, InputPullDown, InputPullUpDown, Output and OutputOpenDrain. */
  readonly mode: number;
  /** Digital.Rising, Digital.Falling or their sum; required with `onReadable`. */
  readonly edge?: number;
  /** The input's value has changed in the way that `edge` tells. */
  readonly onReadable?: ((this: Digital) => void) | null;
  readonly format?: "number";
}

function nameOf({ pin, mode, edge, onReadable }: DigitalOptions): string {
  checkWhole(mode, "mode", 0, 9);
  if (onReadable) checkWhole(edge, "edge", 1, 3);
  return digitalName(pin, mode);
}

/** A digital input or output (ECMA-419 2nd edition, clause 10, Digital). */
export class Digital extends IoInstance {
  static readonly Input = 0;
  static readonly InputPullUp = 1;
  static readonly InputPullDown = 2;
  static readonly InputPullUpDown = 3;
  static readonly Output = 8;
  static readonly OutputOpenDrain = 9;
  static readonly Rising = 1;
  static readonly Falling = 2;
  declare private readonly mode: number;

  constructor(options: DigitalOptions) {
    // A pin has one user, whatever its mode.
    super(options, nameOf(options), `digital ${options.pin}`);
    const { mode, edge = 0, onReadable } = options;
    this.mode = mode;
    if (!onReadable || mode >= MODES.Output) return;
    watchIo(opened(this.io), (value) => {
      if ((edge & (value === 1 ? Digital.Rising : Digital.Falling)) !== 0) onReadable.call(this);
    });
  }

  /** 0 or 1. @throws Error on an output. */
  read(): number {
    const { io, resource } = opened(this.io);
    if (this.mode >= MODES.Output) throw new Error("an output can't be read");
    return io.get(resource);
  }

  /** @throws Error on an input, and for another value than 0 and 1. */
  write(value: number): void {
    const { io, resource } = opened(this.io);
    if (this.mode < MODES.Output) throw new Error("an input can't be written");
    checkWhole(value, "value", 0, 1);
    io.set(resource, value);
  }
}
