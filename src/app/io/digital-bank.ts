import { bankName, MODES } from "#base/board-io.ts";
import { watchIo } from "#device/app-io.ts";
import { checkWhole, IoInstance, type IoOptions, opened } from "./io-instance.ts";

const MASK_MAX = 0xffff_ffff;

export interface DigitalBankOptions extends IoOptions {
  /** A bit for each pin that belongs to this instance. */
  readonly pins: number;
  /** As with Digital; all pins have the same one. */
  readonly mode: number;
  /** The pins that call `onReadable` when they go from 0 to 1. */
  readonly rises?: number;
  /** The pins that call `onReadable` when they go from 1 to 0. */
  readonly falls?: number;
  /** Which bank of board.json; `default` when absent. */
  readonly bank?: string | number;
  /** @param triggers A bit for each pin that has changed in a way that was asked for. */
  readonly onReadable?: ((this: DigitalBank, triggers: number) => void) | null;
  readonly format?: "number";
}

function nameOf({ pins, mode, rises = 0, falls = 0, bank, onReadable }: DigitalBankOptions): string {
  checkWhole(pins, "pins", 1, MASK_MAX);
  checkWhole(mode, "mode", 0, 9);
  checkWhole(rises, "rises", 0, MASK_MAX);
  checkWhole(falls, "falls", 0, MASK_MAX);
  if (onReadable && (rises | falls) === 0)
    throw new RangeError("rises and falls are 0: onReadable would not be called");
  return bankName(bank, mode);
}

/** A group of inputs or outputs that are read or written at once (ECMA-419 2nd edition, clause 10, Digital bank). */
export class DigitalBank extends IoInstance {
  static readonly Input = 0;
  static readonly InputPullUp = 1;
  static readonly InputPullDown = 2;
  static readonly InputPullUpDown = 3;
  static readonly Output = 8;
  static readonly OutputOpenDrain = 9;
  declare private readonly pins: number;
  declare private readonly mode: number;

  constructor(options: DigitalBankOptions) {
    super(options, nameOf(options));
    const { pins, mode, rises = 0, falls = 0, onReadable } = options;
    this.pins = pins;
    this.mode = mode;
    const { io, resource } = opened(this.io);
    if (pins >= 2 ** io.bits(resource)) {
      this.close();
      throw new RangeError(`pins is ${pins}: this bank has ${io.bits(resource)} pins`);
    }
    if (!onReadable || mode >= MODES.Output) return;
    let last = io.get(resource);
    watchIo(opened(this.io), (value) => {
      const triggers = (((value & ~last & rises) | (last & ~value & falls)) & pins) >>> 0;
      last = value;
      if (triggers !== 0) onReadable.call(this, triggers);
    });
  }

  /** A bit for each pin of this instance; the others are 0. @throws Error on outputs. */
  read(): number {
    const { io, resource } = opened(this.io);
    if (this.mode >= MODES.Output) throw new Error("outputs can't be read");
    return (io.get(resource) & this.pins) >>> 0;
  }

  /** Sets the pins of this instance and leaves the others alone. @throws Error on inputs. */
  write(value: number): void {
    const { io, resource } = opened(this.io);
    if (this.mode < MODES.Output) throw new Error("inputs can't be written");
    checkWhole(value, "value", 0, MASK_MAX);
    io.set(resource, ((io.get(resource) & ~this.pins) | (value & this.pins)) >>> 0);
  }
}
