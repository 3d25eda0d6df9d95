/** What the device does: functions that its owner calls, variables that they read, events that they hear. */
import { bool, defineDevice, int } from "latchkey/device";
import { isDark } from "./is-dark.ts";

export const app = defineDevice({
  functions: {
    setLamp: {
      right: "call",
      args: { on: bool() },
      texts: { en: { title: "Switch the lamp" } },
      run: ({ on }, io) => io.pin("lamp").write(on),
    },
  },
  variables: {
    lamp: { right: "read", value: bool(), read: (io) => io.pin("lamp").read() === 1 },
    light: { right: "read", value: int(0, 65_535), read: (io) => io.pin("light").level() },
    dark: { right: "read", value: bool(), read: (io) => isDark(io.pin("light").level()) },
  },
  events: { pressed: { payload: int(0, 2 ** 31, { unit: "ms" }) } },
  pressed: (heldMs, io) => io.raise("pressed", heldMs),
});
