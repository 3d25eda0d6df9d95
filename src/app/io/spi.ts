import { digitalName, MODES, spiName } from "#base/board-io.ts";
import { closeIo, type OpenIo, openIo } from "#device/app-io.ts";
import {
  type ByteBuffer,
  bytesOf,
  checkWhole,
  handOver,
  IoInstance,
  type IoOptions,
  lengthOf,
  opened,
  type Pin,
} from "./io-instance.ts";

/** The most bytes of one transfer. */
const TRANSFER_BYTES_MAX = 4_096;

export interface SPIOptions extends IoOptions {
  /** Serial data out; required to write. */
  readonly out?: Pin;
  /** Serial data in; required to read. */
  readonly in?: Pin;
  readonly clock: Pin;
  /** The device's select pin; absent when the app drives it itself. */
  readonly select?: Pin;
  /** What is written to the select pin when the device is meant; 0 when absent. */
  readonly active?: 0 | 1;
  readonly hz: number;
  /** Clock polarity (bit 1) and phase (bit 0); 0 when absent. */
  readonly mode?: number;
  /** Says nothing on our boards: the pins name the bus. */
  readonly port?: string | number;
  readonly format?: "buffer";
}

function nameOf(options: SPIOptions): string {
  const { out, clock, hz, mode = 0, active = 0 } = options;
  if (out === undefined && options.in === undefined)
    throw new TypeError("out and in are missing (expected one or both)");
  checkWhole(hz, "hz", 1, 100_000_000);
  checkWhole(mode, "mode", 0, 3);
  checkWhole(active, "active", 0, 1);
  return spiName(out, options.in, clock);
}

/** The controller of an SPI bus, towards one device on it (ECMA-419 2nd edition, clause 10, Serial Peripheral Interface). */
export class SPI extends IoInstance {
  declare private readonly hz: number;
  declare private readonly mode: number;
  declare private readonly active: number;
  declare private select: OpenIo | undefined;

  constructor(options: SPIOptions) {
    const name = nameOf(options);
    // Devices with select pins share a bus.
    super(options, name, options.select === undefined ? name : `${name} ${options.select}`);
    this.hz = options.hz;
    this.mode = options.mode ?? 0;
    this.active = options.active ?? 0;
    if (options.select === undefined) return;
    try {
      this.select = openIo(digitalName(options.select, MODES.Output), `digital ${options.select}`);
    } catch (error) {
      this.close();
      throw error;
    }
    this.mark(false);
  }

  override get format(): string {
    return "buffer";
  }

  override set format(value: string) {
    super.format = value;
  }

  read(byteLength: number): ArrayBuffer;
  read(buffer: ByteBuffer): number;
  read(option: number | ByteBuffer): ArrayBuffer | number {
    const byteLength = lengthOf(option, TRANSFER_BYTES_MAX);
    const { io, resource } = this.begin();
    return handOver(io.read(resource, 0, byteLength, true) ?? new Uint8Array(0), option);
  }

  /** Writes; what comes in meanwhile is dropped. */
  write(buffer: ByteBuffer): void {
    lengthOf(buffer, TRANSFER_BYTES_MAX);
    const { io, resource } = this.begin();
    io.write(resource, 0, bytesOf(buffer), true);
  }

  /** Writes a buffer, and puts into it what comes in meanwhile. */
  transfer(buffer: ByteBuffer): void {
    lengthOf(buffer, TRANSFER_BYTES_MAX);
    const { io, resource } = this.begin();
    const bytes = bytesOf(buffer);
    bytes.set(io.transfer(resource, bytes));
  }

  /** Nothing waits in a buffer here. @param deselect Whether the device is deselected, where a message of it ends. */
  flush(deselect = false): void {
    opened(this.io);
    if (deselect) this.mark(false);
  }

  override close(): void {
    this.mark(false);
    closeIo(this.select);
    this.select = undefined;
    super.close();
  }

  private begin(): OpenIo {
    const bus = opened(this.io);
    bus.io.configure(bus.resource, this.hz, this.mode);
    this.mark(true);
    return bus;
  }

  private mark(isActive: boolean): void {
    this.select?.io.set(this.select.resource, isActive ? this.active : 1 - this.active);
  }
}
