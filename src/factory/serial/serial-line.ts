/** A serial line to a board, opened by this machine: a serial port, a pseudo-terminal or a TCP connection. */
import type { SerialLine } from "#factory/recover.ts";

/** The line can't be used; the message is one line that says what to do. */
export class SerialLineError extends Error {
  override name = "SerialLineError";
}

/** The two outputs of a serial port that boards use to reset a chip and to choose how it starts. */
export interface ControlLines {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** Who made a USB port, as its device descriptor says. */
export interface UsbIds {
  readonly vendor: number;
  readonly product: number;
}

export interface OpenLine extends SerialLine {
  /** As the person named it. */
  readonly name: string;
  /** Calls back with what comes from now on, until the returned function is called. */
  onBytes(see: (bytes: Uint8Array) => void): () => void;
  /** Absent where it is not on USB, or the system doesn't tell. */
  readonly usb: UsbIds | undefined;
  /** Sets the speed in bit/s. A line without a speed takes any. */
  setSpeed(bitPerS: number): Promise<void>;
  /** Absent on a line without control lines, as TCP and pseudo-terminals are. */
  readonly setControl: ((lines: ControlLines) => Promise<void>) | undefined;
  /** Resolves when the line has ended, whoever ended it. */
  readonly ended: Promise<void>;
  isEnded(): boolean;
  close(): Promise<void>;
}

/** Those who hear what comes from a line. What comes while nobody listens is lost, as on a wire. */
export function createListeners(): {
  readonly add: (see: (bytes: Uint8Array) => void) => () => void;
  readonly tell: (bytes: Uint8Array) => void;
} {
  const all = new Set<(bytes: Uint8Array) => void>();
  return {
    add(see) {
      all.add(see);
      return () => void all.delete(see);
    },
    tell(bytes) {
      for (const see of all) see(bytes);
    },
  };
}
