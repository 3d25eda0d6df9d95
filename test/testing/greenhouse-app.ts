/** A greenhouse as a maker writes it: settings, state, timers, an alarm in the evening, async functions. */
import { bool, defineDevice, int, number, oneOf, text } from "#app/index.ts";

let isAlarmOn = false;

export const greenhouse = defineDevice({
  settings: {
    target: { value: number(5, 40, { unit: "°C", step: 0.5 }), default: 22, texts: { en: { title: "Target" } } },
    mode: { value: oneOf("auto", "manual"), default: "auto" },
    name: { value: text(8), default: "house" },
  },
  state: { opened: 0, minutes: 0, last: "" },
  functions: {
    open: {
      right: "call",
      args: { percent: int(0, 100) },
      answer: int(0, 1_000_000),
      async run({ percent }, io) {
        await new Promise<void>((resolve) => void setTimeout(resolve, 2_000));
        io.pin("vent").write(percent);
        io.state.opened += 1;
        return io.state.opened;
      },
    },
    never: { right: "call", args: {}, run: () => new Promise<number>(() => undefined) },
    fails: {
      right: "call",
      args: {},
      async run() {
        await Promise.resolve();
        throw new TypeError("stuck");
      },
    },
  },
  variables: {
    minutes: { right: "read", value: int(0, 1e9), read: (io) => io.state.minutes },
    alarm: { right: "read", value: bool(), read: async () => isAlarmOn },
    grade: { right: "read", value: text(10), read: (io) => io.time.now().grade },
  },
  events: { evening: {}, changed: { payload: text(10) } },
  start(io) {
    isAlarmOn = false;
    io.every(60_000, () => {
      io.state.minutes += 1;
      if (io.settings.mode === "auto") io.pin("vent").write(io.pin("temperature").level() > io.settings.target);
    });
    io.at("19:30", () => {
      isAlarmOn = true;
      io.raise("evening");
    });
  },
  stop(io) {
    io.state.last = "stopped";
  },
  changed: (name, io) => io.raise("changed", name),
});
