/** `latchkey dev --port`: what can't be done with a board on a port is one line that says what to do, and the board stays as it was. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { devFlash, devKeys } from "#cli/dev/dev-keys.ts";
import { openDevKit } from "#cli/dev/dev-kit.ts";
import { createDevStore } from "#cli/dev/dev-state.ts";
import { parseFlashConfig } from "#factory/config.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { type RomLoader, type RomOptions, startRomLoader } from "../factory/rom-loader.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-kit-refusals-"));
const file = join(folder, "flash.config.json");
const values = { product: "lamp", fleet: "lamps", maker: "LAMPS.EXAMPLE", app: "app.ts", board: "sim" };
const BOARD: Board = { ...readBoard("qemu-mps2"), loader: "esp32c6" };
const config = {
  ...parseFlashConfig(JSON.stringify({ ...values, board: "qemu-mps2" }), file),
  ...{ keys: join(folder, "keys"), output: join(folder, "out") },
};

beforeAll(() => {
  writeFileSync(file, JSON.stringify(values));
  writeFileSync(
    join(folder, "app.ts"),
    'import { defineDevice } from "latchkey/device";\nexport const app = defineDevice({});\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What comes of a kit whose loader is like this, in one line. */
async function kit(options: RomOptions, prepare: (rom: RomLoader) => void = () => undefined, isFresh = false) {
  const rom = await startRomLoader({ flashBytes: BOARD.flash.bytes, ...options });
  prepare(rom);
  const before = Buffer.from(rom.flash);
  const place = {
    ...{ port: rom.port, boot: [], isFresh },
    network: () => Promise.reject(new Error("it asks for a network")),
    step: <T>(_: string, work: () => Promise<T>) => work(),
  };
  const store = createDevStore({ troubles: [], signals: [] } as never);
  const build = { js: new Uint8Array(3), native: undefined, map: "", places: [] };
  const said = await openDevKit(build, { config, board: BOARD, store, restarted: () => undefined }, place).then(
    () => "nothing",
    (error: Error) => error.message.replace(rom.port, "PORT"),
  );
  const isUntouched = before.equals(rom.flash);
  await rom.close();
  return { said, isUntouched };
}

test("another chip, a running program, silence and download mode that hears nothing are told apart", async () => {
  const said = async (options: RomOptions) => (await kit(options)).said;
  expect(await said({ chip: "esp32c3" })).toMatch(
    /^the board on PORT has the chip ESP32-C3.* \(expected esp32c6\); connect another/,
  );
  expect(await said({ says: "hello from another program\r\n" })).toMatch(
    /^the board on PORT runs its program and is not in download mode; hold BOOT/,
  );
  expect(await said({ says: "" })).toMatch(/^nothing answers on PORT; check that the cable carries data/);
  expect(await said({ says: "waiting for download\r\n" })).toMatch(
    /is in download mode but hears nothing; check its RX wire/,
  );
});

test("a board that is a unit keeps its flash, unless it is asked for anew", async () => {
  const { start, bytes } = BOARD.flash.regions.settings;
  const unit = (rom: RomLoader) => rom.flash.set(encodeLog({ ...BOARD.flash, start, bytes }, []) ?? [], start);
  const { said, isUntouched } = await kit({}, unit);
  expect(said).toBe(
    "the board on PORT is a unit already, and would lose its key and all that it knows. To make a development unit of it all the same, add --fresh",
  );
  expect(isUntouched).toBe(true);
  // Any other flash is that of a kit as it comes: the next thing is the network.
  expect((await kit({}, unit, true)).said).toBe("it asks for a network");
  expect((await kit({}, (rom) => rom.flash.fill(0x5a))).said).toBe("it asks for a network");
});

test("neither key set takes what the other one signed", () => {
  const [development, production] = ["dev-keys", "maker-keys"].map((name) => ({ ...config, keys: join(folder, name) }));
  if (development === undefined || production === undefined) throw new Error("no configuration");
  const images = { js: new Uint8Array(100), native: new Uint8Array(100) };
  const [ofDev, ofMaker] = [devKeys(development), devKeys(production)];
  expect(() => devFlash(development, BOARD, ofMaker, images)).toThrow(/is not signed by a key of this key set/);
  expect(() => devFlash(production, BOARD, ofDev, images)).toThrow(/is not signed by a key of this key set/);
  expect(devFlash(development, BOARD, ofDev, images).length).toBeGreaterThan(4);
});

test.each([
  [["--port", "/dev/not-there"], /there is no port \/dev\/not-there/],
  [["--port", file], /flash\.config\.json is not a serial port; name the board's/],
  [["--port", "socket://127.0.0.1:1"], /can't be reached: nobody listens there/],
])("a port that is none: %j", async (words, line) => {
  const place = { port: words[1] as string, boot: [], isFresh: false, network: () => Promise.reject(new Error()) };
  const store = createDevStore({ troubles: [], signals: [] } as never);
  const build = { js: new Uint8Array(3), native: undefined, map: "", places: [] };
  const step = <T>(_: string, work: () => Promise<T>) => work();
  const opened = openDevKit(build, { config, board: BOARD, store, restarted: () => undefined }, { ...place, step });
  await expect(opened).rejects.toThrow(line);
});

test.each([
  [
    ["--board", "esp32c3"],
    /^latchkey: esp32c3 is a board that one can hold: connect it, and name its serial port by --port PORT\n$/,
  ],
  [["--ssid", "workshop"], /^latchkey: --ssid is for a board on a serial port; name that by --port PORT\n$/],
  [["--port", "/dev/not-there"], /^latchkey: the flash of sim is not written over a serial line/],
  [["--passphrase", "secret words"], /unknown option '--passphrase'/],
])("the command line: %j", async (words, line) => {
  const child = startProgram("src/cli/main.ts", ["dev", "--config", file, ...words]);
  expect(await child.exited).toBeGreaterThan(0);
  expect(child.errors()).toMatch(line);
});
