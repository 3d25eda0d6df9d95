/** An app that uses the whole platform, as a maker writes it: the tests of each board run it. */
import { bool, defineDevice, int, number, text } from "#app/index.ts";

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

export const app = defineDevice({
  settings: { target: { value: number(5, 40, { unit: "°C" }), default: 22 } },
  state: { starts: 0, ticks: 0 },
  functions: {
    later: {
      right: "call",
      args: { ms: int(0, 5_000) },
      answer: text(20),
      async run({ ms }) {
        await pause(ms);
        return `after ${ms}`;
      },
    },
    breaks: {
      right: "call",
      args: {},
      async run() {
        await pause(1);
        throw new TypeError("broken");
      },
    },
  },
  variables: {
    starts: { right: "read", value: int(0, 1e6), read: (io) => io.state.starts },
    ticks: {
      right: "read",
      value: int(0, 1e6),
      history: { count: 4, interval: 1_000 },
      read: (io) => io.state.ticks,
    },
    knowsTime: { right: "read", value: bool(), read: (io) => io.time.now().grade === "trusted" },
  },
  events: { changed: { payload: text(20), texts: { en: { title: "Changed" } } } },
  start(io) {
    io.state.starts += 1;
    console.info("started", io.state.starts);
    io.every(200, () => {
      io.state.ticks += 1;
    });
  },
  changed: (name, io) => io.raise("changed", name),
});
