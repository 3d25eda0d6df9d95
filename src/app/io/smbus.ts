import { I2C, type I2COptions } from "./i2c.ts";
import { type ByteBuffer, bytesOf, checkWhole } from "./io-instance.ts";

export interface SMBusOptions extends I2COptions {
  /** Whether writing a register's number ends the transaction. */
  readonly stop?: boolean;
}

/** I²C with the messages of the system management bus (ECMA-419 2nd edition, clause 10, SMBus – synchronous IO). */
export class SMBus extends I2C {
  declare private readonly stop: boolean;

  constructor(options: SMBusOptions) {
    super(options);
    this.stop = options.stop ?? false;
  }

  readUint8(register: number): number {
    return new Uint8Array(this.readBuffer(register, 1))[0] as number;
  }

  writeUint8(register: number, value: number): void {
    checkWhole(value, "value", 0, 0xff);
    this.write(Uint8Array.of(register, value));
  }

  /** Of little-endian order, unless `bigEndian` says otherwise. */
  readUint16(register: number, bigEndian = false): number {
    return new DataView(this.readBuffer(register, 2)).getUint16(0, !bigEndian);
  }

  writeUint16(register: number, value: number, bigEndian = false): void {
    checkWhole(value, "value", 0, 0xffff);
    const [low, high] = [value & 0xff, value >> 8];
    this.write(bigEndian ? Uint8Array.of(register, high, low) : Uint8Array.of(register, low, high));
  }

  readBuffer(register: number, byteLength: number): ArrayBuffer;
  readBuffer(register: number, buffer: ByteBuffer): number;
  readBuffer(register: number, option: number | ByteBuffer): ArrayBuffer | number {
    checkWhole(register, "register", 0, 0xff);
    this.write(Uint8Array.of(register), this.stop);
    return this.read(option);
  }

  writeBuffer(register: number, buffer: ByteBuffer): void {
    checkWhole(register, "register", 0, 0xff);
    this.write(Uint8Array.of(register, ...bytesOf(buffer)));
  }

  /** A quick command with the bit for reading. */
  readQuick(): void {
    this.read(0);
  }

  /** A quick command with the bit for writing. */
  writeQuick(): void {
    this.write(new Uint8Array(0));
  }

  receiveByte(): number {
    return new Uint8Array(this.read(1))[0] as number;
  }

  sendByte(command: number): void {
    checkWhole(command, "command", 0, 0xff);
    this.write(Uint8Array.of(command));
  }
}
