/**
 * The thermometers and hygrometers SHT30, SHT31 and SHT35 by Sensirion, on I2C: a driver by the Sensor Class Pattern of ECMA-419
 * (2nd edition, clause 13; Temperature and Humidity in clause 14). Commands as in the data sheet of the SHT3x-DIS.
 */
import type { I2C, I2COptions } from "latchkey/device";

const CLEAR_STATUS = 0x3041;
/** One measurement with high repeatability; the sensor holds the clock for up to 15 ms, until it has measured. */
const MEASURE = 0x2c06;

interface SHT3xOptions {
  /** The bus and the class that opens it; `address` is 0x44 when absent, `hz` 400,000. */
  readonly sensor: Partial<I2COptions> & {
    readonly io: new (options: I2COptions) => I2C;
    readonly data: string;
    readonly clock: string;
  };
}

/** CRC-8 of the data sheet: polynomial 0x31, initial value 0xFF. */
function checksum(bytes: readonly number[]): number {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80 ? (crc << 1) ^ 0x31 : crc << 1) & 0xff;
  }
  return crc;
}

export class SHT3x {
  private bus: I2C | undefined;

  /** @throws Error when the sensor does not answer. */
  constructor({ sensor }: SHT3xOptions) {
    this.bus = new sensor.io({ hz: 400_000, address: 0x44, ...sensor });
    try {
      this.command(CLEAR_STATUS);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @returns The temperature in degrees Celsius, and the relative humidity from 0 to 1. @throws Error when bits were lost on the bus. */
  sample(): { temperature: number; humidity: number } {
    const bus = this.command(MEASURE, false);
    const bytes = new Uint8Array(bus.read(6));
    const [temperature, humidity] = [0, 3].map((at) => {
      const [high = 0, low = 0, check] = bytes.subarray(at, at + 3);
      if (checksum([high, low]) !== check) throw new Error("the SHT3x was misread: its checksum does not fit");
      return ((high << 8) | low) / 65_535;
    }) as [number, number];
    return { temperature: -45 + 175 * temperature, humidity };
  }

  close(): void {
    this.bus?.close();
    this.bus = undefined;
  }

  private command(command: number, stop = true): I2C {
    if (this.bus === undefined) throw new Error("the sensor is closed");
    this.bus.write(Uint8Array.of(command >> 8, command & 0xff), stop);
    return this.bus;
  }
}
