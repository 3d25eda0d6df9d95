/**
 * A greenhouse: each minute its vent opens the further the warmer it is above a target, and in the evening it says whether the soil
 * is too dry. The target survives a power cut.
 */
import { Analog, type DeviceIo, defineDevice, device, I2C, int, number, PWM } from "latchkey/device";
import { SHT3x } from "./drivers/sht3x.ts";
import { SoilProbe } from "./drivers/soil-probe.ts";
import { TMP102 } from "./drivers/tmp102.ts";

type Io = DeviceIo<{ target: number; dryBelow: number }>;

const MINUTE_MS = 60_000;
/** Degrees above the target at which the vent is open all the way. */
const SPAN = 5;

let vent: PWM;
let thermometer: SHT3x | TMP102 | undefined;
let probe: SoilProbe;
/** How far the vent is open, from 0 to 1. */
let opening = 0;
/** The timer that ends an airing. */
let airing: number | undefined;

const percent = (share: number) => Math.round(share * 100);
const tenths = (value: number) => Math.round(value * 10) / 10;

/** The sensor that is on the bus: an SHT3x, or a TMP102 or TMP105. @throws Error when neither answers. */
function openThermometer(): SHT3x | TMP102 {
  const sensor = { ...device.i2c.default, io: I2C };
  try {
    return new SHT3x({ sensor });
  } catch {
    return new TMP102({ sensor });
  }
}

/** The temperature now. @throws Error when no thermometer answers; one is looked for again the next time. */
function temperatureNow(): number {
  thermometer ??= openThermometer();
  try {
    return thermometer.sample().temperature;
  } catch (error) {
    thermometer.close();
    thermometer = undefined;
    throw error;
  }
}

function openVent(share: number): void {
  opening = share;
  vent.write(Math.round(share * (2 ** vent.resolution - 1)));
}

function airOut(io: Io): void {
  if (airing === undefined) openVent(Math.min(1, Math.max(0, (temperatureNow() - io.settings.target) / SPAN)));
}

function lookAtSoil(io: Io): void {
  const moisture = percent(probe.sample().moisture);
  if (moisture < io.settings.dryBelow) io.raise("dry", moisture);
}

export const app = defineDevice({
  settings: {
    target: {
      value: number(5, 40, { unit: "°C", step: 0.5 }),
      default: 24,
      texts: {
        en: { title: "Target", help: "Above it the vent opens" },
        de: { title: "Ziel", help: "Darüber öffnet die Klappe" },
      },
    },
    dryBelow: {
      value: int(0, 100, { unit: "%" }),
      default: 30,
      texts: {
        en: { title: "Alarm below", help: "Moisture of the soil in the evening" },
        de: { title: "Alarm unter", help: "Feuchte der Erde am Abend" },
      },
    },
  },
  functions: {
    air: {
      right: "call",
      args: { minutes: int(1, 60, { unit: "min" }) },
      texts: { en: { title: "Air out" }, de: { title: "Lüften" } },
      run({ minutes }, io) {
        if (airing !== undefined) io.cancel(airing);
        openVent(1);
        airing = io.after(minutes * MINUTE_MS, () => {
          airing = undefined;
          airOut(io);
        });
      },
    },
  },
  variables: {
    temperature: {
      right: "read",
      value: number(-55, 130, { unit: "°C" }),
      texts: { en: { title: "Temperature" }, de: { title: "Temperatur" } },
      // A day, a value every ten minutes.
      history: { count: 144, interval: 600_000 },
      read: () => tenths(temperatureNow()),
    },
    moisture: {
      right: "read",
      value: int(0, 100, { unit: "%" }),
      texts: { en: { title: "Soil moisture" }, de: { title: "Bodenfeuchte" } },
      read: () => percent(probe.sample().moisture),
    },
    vent: {
      right: "read",
      value: int(0, 100, { unit: "%" }),
      texts: { en: { title: "Vent" }, de: { title: "Klappe" } },
      read: () => percent(opening),
    },
  },
  events: {
    dry: {
      payload: int(0, 100, { unit: "%" }),
      texts: { en: { title: "The soil is too dry" }, de: { title: "Die Erde ist zu trocken" } },
    },
  },
  start(io) {
    thermometer = undefined;
    airing = undefined;
    vent = new PWM({ pin: "vent", hz: 25_000 });
    probe = new SoilProbe({ sensor: { io: Analog, pin: "soil" } });
    probe.configure({ averaging: 8 });
    // What a timer's code throws is told and stops nothing else: a greenhouse without its thermometer can still be called.
    io.after(0, () => airOut(io));
    io.every(MINUTE_MS, () => airOut(io));
    io.at("20:00", () => lookAtSoil(io));
  },
  changed: (_, io) => airOut(io),
});
