import { serialName } from "#base/board-io.ts";
import { watchIo } from "#device/app-io.ts";
import {
  type ByteBuffer,
  bytesOf,
  checkWhole,
  handOver,
  IoInstance,
  type IoOptions,
  opened,
  type Pin,
} from "./io-instance.ts";

/** Bytes that one write may have. A line of 9,600 baud sends them in a quarter of a second. */
const WRITE_BYTES_MAX = 256;

export interface SerialOptions extends IoOptions {
  readonly receive?: Pin;
  readonly transmit?: Pin;
  readonly baud: number;
  /** Only `none` is to be had; eight data bits, no parity, one stop bit. */
  readonly flowControl?: "none";
  /** Says nothing on our boards: the pins name the line. */
  readonly port?: string | number;
  /** Called once for what has come, and again for what `read` left. @param bytes How many wait. */
  readonly onReadable?: ((this: Serial, bytes: number) => void) | null;
  /** The line is ready. @param bytes How many may be written at once. */
  readonly onWritable?: ((this: Serial, bytes: number) => void) | null;
  readonly format?: "number" | "buffer";
}

function nameOf({ receive, transmit, baud, flowControl = "none" }: SerialOptions): string {
  checkWhole(baud, "baud", 1, 10_000_000);
  if (flowControl !== "none") throw new Error(`flowControl is ${flowControl} (expected none)`);
  return serialName(receive, transmit);
}

/** A serial line (ECMA-419 2nd edition, clause 10, Serial). */
export class Serial extends IoInstance {
  declare private kind: string;

  constructor(options: SerialOptions) {
    super(options, nameOf(options));
    const { baud, onReadable, onWritable, format = "number" } = options;
    this.kind = "number";
    const { io, resource } = opened(this.io);
    this.format = format;
    io.configure(resource, baud, 0);
    if (onReadable) watchIo(opened(this.io), (bytes) => bytes > 0 && onReadable.call(this, bytes));
    // No callback runs before the constructor has returned (clause 8, Callbacks).
    if (onWritable) Promise.resolve().then(() => this.io && onWritable.call(this, WRITE_BYTES_MAX));
  }

  override get format(): string {
    return this.kind;
  }

  override set format(value: string) {
    if (value !== "number" && value !== "buffer") {
      throw new Error(`the format ${value} is not supported (expected number or buffer)`);
    }
    this.kind = value;
  }

  /** The next byte as a number, or bytes in an ArrayBuffer or in the caller's buffer; undefined when nothing waits. */
  read(option?: number | ByteBuffer): number | ArrayBuffer | undefined {
    const { io, resource } = opened(this.io);
    const waiting = io.get(resource);
    if (waiting === 0) return undefined;
    if (this.kind === "number") return io.read(resource, 0, 1, true)?.[0];
    const wanted = option ?? waiting;
    const byteLength = typeof wanted === "number" ? wanted : wanted.byteLength;
    return handOver(io.read(resource, 0, Math.min(byteLength, waiting), true) ?? new Uint8Array(0), wanted);
  }

  /** Sends a byte, or a buffer as a whole. @throws Error when they don't fit into the line's buffer. */
  write(data: number | ByteBuffer): void {
    const { io, resource } = opened(this.io);
    if (typeof data === "number") checkWhole(data, "byte", 0, 0xff);
    const bytes = typeof data === "number" ? Uint8Array.of(data) : bytesOf(data);
    if (bytes.length > WRITE_BYTES_MAX || !io.write(resource, 0, bytes, true)) {
      throw new Error(`${bytes.length} bytes don't fit into the line's buffer of ${WRITE_BYTES_MAX}`);
    }
  }

  /** Drops what was received and not read. What was written is on its way already. */
  flush(...which: readonly boolean[]): void {
    const { io, resource } = opened(this.io);
    if (which.length === 1) throw new Error("flush has no argument or two (input, output)");
    if (which[0] !== false) io.read(resource, 0, io.get(resource), true);
  }
}
