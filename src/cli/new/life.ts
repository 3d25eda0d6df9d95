/** What a new device's README says of its life: the commands, and what each does, by the kind of its board. */
import { type Module, readModule } from "#boards/sim/host/board.ts";

/** Texts of packages/template/README.md, by the names that it has for them. */
type Life = Readonly<
  Record<
    "dev" | "devMeaning" | "make" | "makeMeaning" | "power" | "powerMeaning" | "last" | "lastMeaning" | "wiring",
    string
  >
>;

type OfBoard = Omit<Life, "last" | "lastMeaning">;

const withoutBoard = (product: string): OfBoard => ({
  dev: "npx latchkey dev",
  devMeaning:
    "`latchkey dev` runs the app on a simulated unit and shows it on a page; it starts again whenever you save a file.",
  make: `npx latchkey factory make out/releases/${product}-1.release --count 2`,
  makeMeaning: "makes units, each",
  power: "npx latchkey home",
  powerMeaning:
    "`home`: gives the units power and a Wi-Fi network on this machine, until Ctrl-C. In another terminal you are their owner: `npx latchkey phone --help`.",
  wiring: "",
});

/** A board that one can hold: what runs on it goes through its serial port. */
const onPort = (product: string, name: string, { notice, wiring }: Module): OfBoard => ({
  dev: "npx latchkey dev --board sim\nnpx latchkey dev --port PORT",
  devMeaning: `\`latchkey dev\` runs the app and shows it on a page; it starts again whenever you save a file. \`--board sim\` runs it on a simulated unit, \`--port PORT\` on your ${name}: connect it by USB, and write its port for PORT, such as \`/dev/ttyACM0\` on Linux, \`/dev/cu.usbmodem101\` on macOS or \`COM4\` on Windows. The first time this erases the board, makes a development unit of it, and asks for the name and the passphrase of your Wi-Fi network.`,
  make: `npx latchkey factory make out/releases/${product}-1.release --port PORT`,
  makeMeaning: "makes a unit of the board on that port, whatever it was before,",
  power: "npx latchkey phone onboard --broadcast --label LABEL --card CARD --ssid NAME --passphrase-file -",
  powerMeaning:
    "`phone onboard`: brings the unit onto your Wi-Fi network NAME, as its owner's phone does. LABEL and CARD are pictures in `out/units`. `npx latchkey phone --help` has all that an owner does.",
  wiring: `## Wiring

This board ${notice}.

| name in the app | on the ${name} |
|---|---|
${Object.entries(wiring)
  .map(([names, where]) => `| \`${names.replaceAll(", ", "`, `")}\` | ${where} |\n`)
  .join("")}
`,
});

const LAST = {
  cloud: {
    last: (product: string) => `npx latchkey cloud --data out/cloud --keys keys --name ${product}-cloud`,
    meaning:
      "`cloud`: the broker that brings later releases to units. `latchkey release publish FILE` and `latchkey rollout create` deliver one, wave by wave.",
  },
  none: {
    last: (product: string) => `npx latchkey phone deliver out/releases/${product}-2.release --label LABEL --card CARD`,
    meaning: "`phone deliver`: brings a later release to a unit, from the owner's phone. No cloud is needed.",
  },
};

export function lifeOf(product: string, board: string, hasCloud: boolean): Life {
  const { last, meaning } = hasCloud ? LAST.cloud : LAST.none;
  const module = readModule(board);
  const ofBoard = module === undefined ? withoutBoard(product) : onPort(product, board, module);
  return { ...ofBoard, last: last(product), lastMeaning: meaning };
}
