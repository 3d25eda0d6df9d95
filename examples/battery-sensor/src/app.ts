/**
 * A thermometer on a battery: it measures every quarter of an hour, answers whoever called meanwhile, and sleeps. What it measured
 * stays in the memory that a sleep keeps; flash is written for nothing but a changed setting. The board's button wakes it early, where the chip sees it asleep.
 */
import { type DeviceIo, defineDevice, device, I2C, int, number, retained, sleep } from "latchkey/device";
import { TMP102 } from "../../greenhouse/src/drivers/tmp102.ts";

type Io = DeviceIo<{ everyMinutes: number }>;

const celsius = number(-55, 150, { unit: "°C" });
/** Before the first reading. */
const NOTHING = { wakes: 0, readings: 0, last: 0, lowest: 150, highest: -55 };

let kept = { ...NOTHING };

function measure(): void {
  const thermometer = new TMP102({ sensor: { ...device.i2c.default, io: I2C } });
  const { temperature } = thermometer.sample();
  thermometer.close();
  kept.readings++;
  kept.last = temperature;
  kept.lowest = Math.min(kept.lowest, temperature);
  kept.highest = Math.max(kept.highest, temperature);
}

function rest(io: Io): void {
  sleep({ forS: io.settings.everyMinutes * 60 });
}

export const app = defineDevice({
  settings: {
    everyMinutes: {
      value: int(1, 1440, { unit: "min" }),
      default: 15,
      texts: { en: { title: "Measure every" }, de: { title: "Messen alle" } },
    },
  },
  variables: {
    temperature: {
      ...{ right: "read", value: celsius, read: () => kept.last },
      texts: { en: { title: "Temperature" }, de: { title: "Temperatur" } },
    },
    lowest: { right: "read", value: celsius, read: () => kept.lowest },
    highest: { right: "read", value: celsius, read: () => kept.highest },
    readings: { right: "read", value: int(0, 1e9), read: () => kept.readings },
    wakes: { right: "read", value: int(0, 1e9), read: () => kept.wakes },
  },
  start(io) {
    kept = retained(NOTHING);
    kept.wakes++;
    // Before anything that may throw: whatever happens, the unit sleeps again.
    rest(io);
    measure();
  },
  changed: (_, io) => rest(io),
});
