/** A relay that switches by schedule: on and off at two times of day, and by hand. It needs one output and runs on every board. */
import { bool, type DeviceIo, Digital, defineDevice, int } from "latchkey/device";

type Io = DeviceIo<{ onAt: number; offAt: number }, { on: boolean }>;

let relay: Digital;
let timers: readonly number[] = [];

/** `07:05` of minutes after midnight. */
function timeOfDay(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function turn(on: boolean, io: Io): void {
  relay.write(on ? 1 : 0);
  if (io.state.on !== on) io.raise("switched", on);
  io.state.on = on;
}

/** Puts the schedule of the settings in place of the one before. */
function plan(io: Io): void {
  for (const timer of timers) io.cancel(timer);
  const { onAt, offAt } = io.settings;
  timers = [io.at(timeOfDay(onAt), () => turn(true, io)), io.at(timeOfDay(offAt), () => turn(false, io))];
}

export const app = defineDevice({
  settings: {
    onAt: {
      value: int(0, 1439, { unit: "min" }),
      default: 7 * 60,
      texts: { en: { title: "On at", help: "Minutes after midnight" }, de: { title: "Ein um" } },
    },
    offAt: {
      value: int(0, 1439, { unit: "min" }),
      default: 22 * 60 + 30,
      texts: { en: { title: "Off at", help: "Minutes after midnight" }, de: { title: "Aus um" } },
    },
  },
  // A relay that was on is on again after a power cut.
  state: { on: false },
  functions: {
    setRelay: { right: "call", args: { on: bool() }, run: ({ on }, io) => turn(on, io) },
  },
  variables: {
    relay: { right: "read", value: bool(), read: (io) => io.state.on },
  },
  events: { switched: { payload: bool() } },
  start(io) {
    relay = new Digital({ pin: "relay", mode: Digital.Output });
    turn(io.state.on, io);
    plan(io);
  },
  changed: (_, io) => plan(io),
});
