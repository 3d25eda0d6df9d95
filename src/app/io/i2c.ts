import { i2cName } from "#base/board-io.ts";
import type { OpenIo } from "#device/app-io.ts";
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

/** The most bytes of one transfer: 25 ms at 100 kHz. */
const TRANSFER_BYTES_MAX = 256;

export interface I2COptions extends IoOptions {
  readonly data: Pin;
  readonly clock: Pin;
  /** The clock's frequency. */
  readonly hz: number;
  /** Of 7 bits. */
  readonly address: number;
  /** Says nothing on our boards: the pins name the bus. */
  readonly port?: string | number;
  readonly format?: "buffer";
}

function nameOf({ data, clock, hz, address }: I2COptions): string {
  checkWhole(hz, "hz", 1, 5_000_000);
  checkWhole(address, "address", 0, 127);
  return i2cName(data, clock);
}

function unanswered(address: number): Error {
  return new Error(`nothing answers at I2C address 0x${address.toString(16)}: check its wiring and its address`);
}

/** The bus may be another device's too, with another clock. */
function select(io: OpenIo | undefined, hz: number): OpenIo {
  const selected = opened(io);
  selected.io.configure(selected.resource, hz, 0);
  return selected;
}

/** The initiator of an I²C bus, towards one device on it (ECMA-419 2nd edition, clause 10, I²C – synchronous IO). */
export class I2C extends IoInstance {
  declare private readonly hz: number;
  declare private readonly address: number;

  constructor(options: I2COptions) {
    const name = nameOf(options);
    super(options, name, `${name} ${options.address}`);
    this.hz = options.hz;
    this.address = options.address;
  }

  override get format(): string {
    return "buffer";
  }

  override set format(value: string) {
    super.format = value;
  }

  /**
   * Reads so many bytes into a new ArrayBuffer, or as many as a buffer holds into it.
   * @param stop False leaves the bus to the next call, which begins with a repeated start.
   * @throws Error when nothing answers.
   */
  read(byteLength: number, stop?: boolean): ArrayBuffer;
  read(buffer: ByteBuffer, stop?: boolean): number;
  read(option: number | ByteBuffer, stop?: boolean): ArrayBuffer | number;
  read(option: number | ByteBuffer, stop = true): ArrayBuffer | number {
    const byteLength = lengthOf(option, TRANSFER_BYTES_MAX);
    const { io, resource } = select(this.io, this.hz);
    const bytes = io.read(resource, this.address, byteLength, stop);
    if (bytes === undefined) throw unanswered(this.address);
    return handOver(bytes, option);
  }

  /** Writes all bytes. @throws Error when nothing answers, or not to all of them. */
  write(buffer: ByteBuffer, stop = true): void {
    lengthOf(buffer, TRANSFER_BYTES_MAX);
    const { io, resource } = select(this.io, this.hz);
    if (!io.write(resource, this.address, bytesOf(buffer), stop)) throw unanswered(this.address);
  }
}
