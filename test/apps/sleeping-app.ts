/** Sleeps for a few seconds at a time and counts its wakes. */
import { bool, defineDevice, int, oneOf, retained, sleep, wokenBy } from "#app/index.ts";

let kept = { wakes: 0 };

export const app = defineDevice({
  functions: { stop: { right: "call", args: {}, answer: bool(), run: () => true } },
  variables: {
    wakes: { right: "read", value: int(0, 1e6), read: () => kept.wakes },
    woken: { right: "read", value: oneOf("timer", "pin", "button", "start"), read: () => wokenBy() },
  },
  start() {
    kept = retained(kept);
    kept.wakes++;
    sleep({ forS: 12 });
  },
});
