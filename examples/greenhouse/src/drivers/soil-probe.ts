/**
 * A capacitive soil probe on an analogue input, such as DFRobot's SEN0193: a driver by the Sensor Class Pattern of ECMA-419
 * (2nd edition, clause 13; Soil Moisture in clause 14). The wetter the soil, the lower the voltage.
 */
import type { Analog, AnalogOptions } from "latchkey/device";

interface SoilProbeOptions {
  readonly sensor: AnalogOptions & { readonly io: new (options: AnalogOptions) => Analog };
}

interface SoilProbeConfiguration {
  /** How many readings one sample is the mean of. */
  readonly averaging?: number;
  /** What the input shows in dry air and in water, each as a share of its greatest value. */
  readonly dry?: number;
  readonly wet?: number;
}

export class SoilProbe {
  private input: Analog | undefined;
  private averaging = 1;
  private dry = 0.75;
  private wet = 0.35;

  constructor({ sensor }: SoilProbeOptions) {
    this.input = new sensor.io(sensor);
  }

  configure({ averaging, dry, wet }: SoilProbeConfiguration): void {
    if (averaging !== undefined) this.averaging = Math.max(1, Math.min(64, Math.floor(averaging)));
    this.dry = dry ?? this.dry;
    this.wet = wet ?? this.wet;
  }

  /** @returns The moisture, from 0 in dry air to 1 in water. */
  sample(): { moisture: number } {
    if (this.input === undefined) throw new Error("the probe is closed");
    let sum = 0;
    for (let i = 0; i < this.averaging; i++) sum += this.input.read();
    const share = sum / this.averaging / (2 ** this.input.resolution - 1);
    return { moisture: Math.min(1, Math.max(0, (this.dry - share) / (this.dry - this.wet))) };
  }

  close(): void {
    this.input?.close();
    this.input = undefined;
  }
}
