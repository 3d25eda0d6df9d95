/** What all IO classes have in common (ECMA-419 2nd edition, clauses 8, Base Class Pattern, and 9, IO Class Pattern). */
import { closeIo, type OpenIo, openIo } from "#device/app-io.ts";

/** A name of board.json that stands for a pin. */
export type Pin = string;

/** ArrayBuffer and what looks into one (Annex A, Byte buffers). */
export type ByteBuffer = ArrayBuffer | Uint8Array | Int8Array | DataView;

export interface IoOptions {
  /** Kept on the instance, for the app's own use. */
  readonly target?: unknown;
  /** The class that a driver opens these options with; ignored by that class. */
  readonly io?: unknown;
}

/** An error of the arguments, raised before any hardware is touched. */
export function checkWhole(value: unknown, name: string, min: number, max: number): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} is ${value} (expected a whole number from ${min} to ${max})`);
}

/** The hardware of an instance. @throws Error once it is closed (clause 8, close). */
export function opened(io: OpenIo | undefined): OpenIo {
  if (io === undefined) throw new Error("this instance is closed");
  return io;
}

export function bytesOf(buffer: ByteBuffer): Uint8Array {
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer)
    : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** How many bytes a read wants (clause 9, read). */
export function lengthOf(option: number | ByteBuffer, max: number): number {
  const byteLength = typeof option === "number" ? option : option.byteLength;
  checkWhole(byteLength, "byteLength", 0, max);
  return byteLength;
}

/** Hands over what was read: in a new ArrayBuffer, or in the caller's buffer and as their number (clause 9, read). */
export function handOver(bytes: Uint8Array, option: number | ByteBuffer): ArrayBuffer | number {
  if (typeof option === "number") {
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  }
  bytesOf(option).set(bytes);
  return bytes.length;
}

export class IoInstance {
  /** Whatever the app wants to keep beside the instance (clause 8, target). */
  declare target: unknown;
  declare protected io: OpenIo | undefined;

  /** @param claim What the instance keeps others from opening, when that is not the hardware as a whole. */
  constructor(options: IoOptions, name: string, claim?: string) {
    this.io = openIo(name, claim);
    this.target = options.target;
  }

  /** Releases the hardware; closing twice is no error (clause 8, close). */
  close(): void {
    closeIo(this.io);
    this.io = undefined;
  }

  /** How values are read and written (clause 9, format). */
  get format(): string {
    return "number";
  }

  set format(value: string) {
    if (value !== this.format) throw new Error(`the format ${value} is not supported (expected ${this.format})`);
  }
}
