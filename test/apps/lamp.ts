/** The lamp of the tests and of `npm start`: an owner can switch and dim it. */
import { bool, defineDevice, int } from "#app/index.ts";

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
      args: { percent: int(0, 100, { unit: "%" }) },
      run: ({ percent }) => {
        brightness = percent;
      },
    },
  },
  variables: {
    lamp: { right: "read", value: bool(), read: (io) => io.pin("lamp").read() === 1 },
    brightness: { right: "read", value: int(0, 100, { unit: "%" }), read: () => brightness },
    light: { right: "read", value: int(0, 65_535), read: (io) => io.pin("light").level() },
  },
  events: { pressed: { payload: int(0, 2 ** 31, { unit: "ms" }) } },
  pressed: (heldMs, io) => io.raise("pressed", heldMs),
});
