/** An app that does something at noon: the tests of each board run it where only the network says what time it is. */
import { defineDevice, int, oneOf } from "#app/index.ts";

export const app = defineDevice({
  state: { rings: 0 },
  variables: {
    rings: { right: "read", value: int(0, 1e6), read: (io) => io.state.rings },
    grade: {
      right: "read",
      value: oneOf("unknown", "floor", "hint", "vouched", "trusted"),
      read: (io) => io.time.now().grade,
    },
  },
  start(io) {
    io.at("12:00", () => {
      io.state.rings += 1;
    });
  },
});
