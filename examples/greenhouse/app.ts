/**
 * A greenhouse: each minute its vent opens the further the warmer it is above a target, and in the evening it says whether the soil
 * is too dry. The target survives a power cut.
 */
import { Analog, type DeviceIo, defineDevice, device, I2C, int, number, PWM } from "latchkey/device";
import { SoilProbe } from "../drivers/soil-probe.ts";
import { TMP102 } from "../drivers/tmp102.ts";

type Io = DeviceIo<{ dryBelow: number }, { target: number }>;

const MINUTE_MS = 60_000;
/** Degrees above the target at which the vent is open all the way. */
const SPAN = 5;

let vent: PWM;
let thermometer: TMP102 | undefined;
let probe: SoilProbe;
/** How far the vent is open, from 0 to 1. */
let opening = 0;

const percent = (share: number) => Math.round(share * 100);

/** The temperature now. @throws Error when the thermometer does not answer; it is looked for again the next time. */
function temperatureNow(): number {
  thermometer ??= new TMP102({ sensor: { ...device.i2c.default, io: I2C } });
  return thermometer.sample().temperature;
}

function airOut(io: Io): void {
  const temperature = temperatureNow();
  opening = Math.min(1, Math.max(0, (temperature - io.state.target) / SPAN));
  vent.write(Math.round(opening * (2 ** vent.resolution - 1)));
}

function lookAtSoil(io: Io): void {
  const moisture = percent(probe.sample().moisture);
  if (moisture < io.settings.dryBelow) io.raise("dry", moisture);
}

export const app = defineDevice({
  settings: {
    dryBelow: {
      value: int(0, 100, { unit: "%" }),
      default: 30,
      texts: {
        en: { title: "Alarm below", help: "Moisture of the soil in the evening" },
        de: { title: "Alarm unter" },
      },
    },
  },
  state: { target: 24 },
  functions: {
    setTarget: {
      right: "call",
      args: { celsius: number(5, 40, { unit: "°C", step: 0.5 }) },
      run({ celsius }, io) {
        io.state.target = celsius;
        io.after(0, () => airOut(io));
      },
    },
  },
  variables: {
    target: { right: "read", value: number(5, 40, { unit: "°C" }), read: (io) => io.state.target },
    temperature: {
      right: "read",
      value: number(-55, 128, { unit: "°C" }),
      read: () => temperatureNow(),
    },
    moisture: { right: "read", value: int(0, 100, { unit: "%" }), read: () => percent(probe.sample().moisture) },
    vent: { right: "read", value: int(0, 100, { unit: "%" }), read: () => percent(opening) },
  },
  events: { dry: { payload: int(0, 100, { unit: "%" }) } },
  start(io) {
    thermometer = undefined;
    vent = new PWM({ pin: "vent", hz: 25_000 });
    probe = new SoilProbe({ sensor: { io: Analog, pin: "soil" } });
    probe.configure({ averaging: 8 });
    // What a timer's code throws is told and stops nothing else: a greenhouse without its thermometer can still be called.
    io.after(0, () => airOut(io));
    io.every(MINUTE_MS, () => airOut(io));
    io.at("20:00", () => lookAtSoil(io));
  },
});
