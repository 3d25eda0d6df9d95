/** An app that goes wrong in every way that a unit survives: the tests of each board run it. */
import { defineDevice, int, oneOf } from "#app/index.ts";

const hoard: number[][] = [];
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
function turnForEver(): never {
  for (;;);
}

export const app = defineDevice({
  settings: { atStart: { value: oneOf("nothing", "throws", "loops"), default: "nothing" } },
  state: { count: 0 },
  functions: {
    loops: {
      right: "call",
      args: {},
      run() {
        try {
          turnForEver();
        } catch {
          turnForEver();
        } finally {
          hoard.length = 0;
        }
      },
    },
    loopsLater: {
      right: "call",
      args: {},
      async run() {
        await pause(1);
        turnForEver();
      },
    },
    leaks: {
      right: "call",
      args: {},
      run() {
        for (;;) hoard.push(new Array(100).fill(1));
      },
    },
    forgets: {
      right: "call",
      args: {},
      run() {
        hoard.length = 0;
      },
    },
    floods: {
      right: "call",
      args: {},
      run(_, io) {
        for (let i = 0; i < 200; i++) io.raise("drop", i);
      },
    },
    scribbles: {
      right: "call",
      args: {},
      run(_, io) {
        io.every(10, () => {
          io.state.count += 1;
        });
      },
    },
  },
  variables: { count: { right: "read", value: int(0, 1e9), read: (io) => io.state.count } },
  events: { drop: { payload: int(0, 1e9) } },
  start(io) {
    if (io.settings.atStart === "throws") {
      console.warn("its address is 44");
      throw new Error("no sensor");
    }
    if (io.settings.atStart === "loops") turnForEver();
  },
});
