/**
 * Part of a script that leaves bytes of a serial line unread, and says how many it found each time that it was told of some: the same on each
 * board. It is given `port`, `say`, and the IO classes.
 */
export const PARTIAL_READS = `
const resource = port.io.find("serial rx tx");
const steps = [{ waits: 4, takes: 2 }, { waits: 2, takes: 1 }, { waits: 1, takes: 0 }, { waits: 2, takes: 2 }, { waits: 2, takes: 2 }];
const found = [];
new Serial({
  ...device.serial.default, baud: 9600, format: "buffer",
  onReadable() {
    const { waits, takes } = steps[found.length];
    // A real line brings one byte after the other.
    while (port.io.get(resource) < waits);
    found.push(port.io.get(resource));
    this.read(takes);
    say("found " + found.join(" ") + ";");
  },
});
say("listening");
`;

/** What comes in on the line, and what is said before the next of it comes. */
export const PARTIAL_READS_STEPS = [
  { send: "abcd", said: "found 4 2 1;" },
  { send: "e", said: "found 4 2 1 2;" },
  { send: "fg", said: "found 4 2 1 2 2;" },
] as const;
