/** The example: a lamp that an owner can switch and dim. It is what `npm start` ships. */
import { defineDevice } from "./define-device.ts";
import { bool, int } from "./schema.ts";

let brightness = 100;

export const app = defineDevice({
  functions: {
    setLamp: {
      right: "call",
      args: { on: bool() },
      run: ({ on }, io) => io.pin("lamp").write(on),
    },
    setBrightness: {
      right: "call",
      args: { percent: int(0, 100) },
      run: ({ percent }) => {
        brightness = percent;
      },
    },
  },
  variables: {
    lamp: { right: "read", read: (io) => io.pin("lamp").read() === 1 },
    brightness: { right: "read", read: () => brightness },
    light: { right: "read", read: (io) => io.pin("light").level() },
  },
  events: ["pressed"],
  pressed: (heldMs, io) => io.raise("pressed", heldMs),
});
