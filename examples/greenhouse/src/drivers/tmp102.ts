/**
 * The thermometers TMP102, TMP105 and their kin by Texas Instruments, on I2C: a driver by the Sensor Class Pattern of ECMA-419
 * (2nd edition, clause 13; Temperature in clause 14). Registers as in the data sheets SBOS397 and SBOS338.
 */
import type { I2C, I2COptions } from "latchkey/device";

const TEMPERATURE = 0;
const CONFIGURATION = 1;
/** 12 bits of resolution, continuous conversion, alert as a comparator that one reading beyond the limits sets. */
const INITIAL = 0x60;
const SHUTDOWN = 0x01;

interface TMP102Options {
  /** The bus and the class that opens it; `address` is 0x48 when absent, `hz` 400,000. */
  readonly sensor: Partial<I2COptions> & {
    readonly io: new (options: I2COptions) => I2C;
    readonly data: string;
    readonly clock: string;
  };
}

interface TMP102Configuration {
  /** Whether the thermometer rests, and converts no more. */
  readonly shutdownMode?: boolean;
}

export class TMP102 {
  private bus: I2C | undefined;
  private configuration = INITIAL;

  /** Sets the thermometer to its initial state. @throws Error when it does not answer. */
  constructor({ sensor }: TMP102Options) {
    this.bus = new sensor.io({ hz: 400_000, address: 0x48, ...sensor });
    try {
      this.configure({ shutdownMode: false });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  configure({ shutdownMode }: TMP102Configuration): void {
    if (shutdownMode !== undefined) this.configuration = shutdownMode ? INITIAL | SHUTDOWN : INITIAL;
    this.open().write(Uint8Array.of(CONFIGURATION, this.configuration));
  }

  /** @returns The temperature in degrees Celsius, in steps of a sixteenth. */
  sample(): { temperature: number } {
    const bus = this.open();
    bus.write(Uint8Array.of(TEMPERATURE), false);
    const value = new DataView(bus.read(2)).getInt16(0);
    return { temperature: (value >> 4) / 16 };
  }

  close(): void {
    this.bus?.close();
    this.bus = undefined;
  }

  private open(): I2C {
    if (this.bus === undefined) throw new Error("the thermometer is closed");
    return this.bus;
  }
}
