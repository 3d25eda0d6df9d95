/** Flashing an ESP32 over a socket to its ROM's loader: what is written is read back, and what can't be is refused in one line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { openEsp32Flasher } from "#factory/flasher/esp32-flasher.ts";
import { flashSegments } from "#factory/flasher/flash-segments.ts";
import { openLine } from "#factory/serial/open-line.ts";
import { openTrouble } from "#factory/serial/port-line.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { runVerb } from "../cli/run-verb.ts";
import { type RomLoader, type RomOptions, startRomLoader } from "./rom-loader.ts";

const SECTOR = 4_096;
const folder = mkdtempSync(join(tmpdir(), "latchkey-flasher-"));
const pattern = (bytes: number, seed: number) => new Uint8Array(bytes).map((_, i) => (i * seed + (i >> 8)) & 0xff);
let [rom, line]: [RomLoader | undefined, OpenLine | undefined] = [undefined, undefined];

afterEach(async () => {
  await line?.close();
  await rom?.close();
  [rom, line] = [undefined, undefined];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function flasherOf(options: RomOptions = {}, expected: string | undefined = undefined) {
  rom = await startRomLoader(options);
  line = await openLine(rom.port);
  return { rom, line, flasher: openEsp32Flasher(line, expected) };
}

test("a chip is detected, identified, erased, written, verified and started", async () => {
  const { rom, flasher } = await flasherOf({}, "esp32c6");
  rom.flash.fill(0x55);
  expect(await flasher.detect()).toEqual({ chip: "esp32c6", description: "ESP32-C6 (revision 0)" });
  expect(await flasher.identify()).toEqual({ mac: "40:4c:ca:00:00:01", flashBytes: 4 * 2 ** 20 });
  await flasher.erase();
  const images = [
    { address: 0, bytes: pattern(21_000, 7) },
    { address: 0x10000, bytes: pattern(100_003, 5) },
    // Shares a sector with the one before.
    { address: 0x10000 + 100_100, bytes: pattern(40, 3) },
  ];
  const told: number[] = [];
  await flasher.write(images, (written, all) => told.push(written / all));
  expect(told.at(-1)).toBe(1);
  for (const { address, bytes } of images) {
    expect(Buffer.compare(rom.flash.subarray(address, address + bytes.length), bytes)).toBe(0);
  }
  expect(rom.flash[0x10000 + 100_050]).toBe(0xff);
  expect(rom.flash[0x8000]).toBe(0xff);
  await flasher.reset();
  expect(rom.starts()).toBe(1);
});

test("a flash that does not hold what was written is told with its place", async () => {
  const { flasher } = await flasherOf({ wornAt: 0x10005 });
  await flasher.detect();
  const write = flasher.write([{ address: 0x10000, bytes: pattern(5_000, 7) }]);
  await expect(write).rejects.toThrow(/^the flash from 0x10000 to 0x12000 differs from what was to be written/);
});

test("images beyond the flash, and images that overlap, are refused before anything is written", async () => {
  const { rom, flasher } = await flasherOf({ flashBytes: 2 ** 21 });
  await flasher.detect();
  const far = flasher.write([{ address: 0x1f_f000, bytes: pattern(2 * SECTOR, 7) }]);
  await expect(far).rejects.toThrow("the flash has 2 MB, the images end at 0x201000; take a module of 4 MB");
  expect(() =>
    flashSegments(
      [
        { address: 0, bytes: pattern(100, 1) },
        { address: 99, bytes: pattern(1, 1) },
      ],
      SECTOR,
    ),
  ).toThrow("two images cover 0x63 of the flash; give them other addresses");
  expect(rom.flash.every((byte) => byte === 0xff)).toBe(true);
});

test("another chip, a locked chip, a running program, silence and a broken line are told apart", async () => {
  const detect = async (options: RomOptions, expected?: string) => {
    const { flasher } = await flasherOf(options, expected);
    const trouble = await flasher.detect().then(
      () => "none",
      (error: Error) => `${error.name}: ${error.message}`,
    );
    await line?.close();
    await rom?.close();
    return trouble;
  };
  expect(await detect({ chip: "esp32c3" }, "esp32c6")).toMatch(
    /^FlasherError: the board on socket:\/\/127.0.0.1:\d+ has the chip ESP32-C3 .*\(expected esp32c6\); connect another, or name --board esp32c3$/,
  );
  expect(await detect({ isSecure: true })).toMatch(/^FlasherError: the chip's fuses allow secure download alone/);
  expect(await detect({ says: "latchkey: boot native A js A trial 0 power\n" })).toMatch(
    /^FlasherError: the board on .* runs its program and is not in download mode; hold BOOT/,
  );
  expect(await detect({ says: "" })).toMatch(/^FlasherError: nothing answers on .*hold BOOT/);
});

test("a line that ends within a write is told as such", async () => {
  const { flasher } = await flasherOf({ endsAtWrite: true });
  await flasher.detect();
  const write = flasher.write([{ address: 0, bytes: pattern(5_000, 7) }]);
  await expect(write).rejects.toThrow(/^the line socket:\/\/127.0.0.1:\d+ ended; check the cable, then try again$/);
});

test("what a system says of a port becomes one line that says what to do", () => {
  expect(openTrouble("/dev/ttyUSB7", "Error: No such file or directory, cannot open /dev/ttyUSB7").message).toMatch(
    /^there is no port \/dev\/ttyUSB7 \(.+\); connect the board, and check its name$/,
  );
  expect(openTrouble("/dev/ttyUSB7", "Error: Permission denied, cannot open /dev/ttyUSB7").message).toBe(
    "this user may not use /dev/ttyUSB7 (its group is dialout); run: sudo usermod -aG dialout $USER, then log in again",
  );
  expect(openTrouble("/dev/ttyUSB7", "Error: Resource temporarily unavailable Cannot lock port").message).toMatch(
    /^another program uses \/dev\/ttyUSB7; end that/,
  );
});

test("latchkey board writes files, says what it did, and refuses in one line", async () => {
  rom = await startRomLoader();
  const [main, other] = [join(folder, "main.bin"), join(folder, "other.bin")];
  writeFileSync(main, pattern(30_000, 7));
  writeFileSync(other, pattern(500, 9));
  const said = await runVerb(
    "board",
    "flash",
    main,
    `${other}@0x10000`,
    "--port",
    rom.port,
    "--board",
    "esp32c6",
    "--json",
  );
  expect([said.trouble, said.status]).toEqual(["", 0]);
  expect(JSON.parse(said.out)).toEqual({
    ...{ chip: "esp32c6", description: "ESP32-C6 (revision 0)", mac: "40:4c:ca:00:00:01", flashBytes: 4 * 2 ** 20 },
    bytes: 30_500,
  });
  expect(Buffer.compare(rom.flash.subarray(0x10000, 0x10000 + 500), pattern(500, 9))).toBe(0);
  expect(rom.starts()).toBe(1);
  const refused = async (...words: readonly string[]) => {
    const { status, out, trouble } = await runVerb("board", ...words);
    expect([status, out]).toEqual([1, ""]);
    return trouble;
  };
  expect(await refused("flash", main, "--port", "/dev/ttyNONE")).toMatch(/^latchkey: there is no port \/dev\/ttyNONE/);
  expect(await refused("flash", main, "--port", "/dev/null")).toMatch(/^latchkey: \/dev\/null is not a serial port/);
  expect(await refused("flash", main, "--port", main)).toMatch(/^latchkey: .*main.bin is not a serial port/);
  expect(await refused("identify", "--port", "socket://127.0.0.1:1")).toMatch(
    /^latchkey: socket:\/\/127.0.0.1:1 can't be reached: nobody listens there/,
  );
  expect(await refused("flash", join(folder, "none"), "--port", rom.port)).toMatch(/none can't be used \(ENOENT\)/);
});

test("an image for another chip is refused", async () => {
  rom = await startRomLoader();
  const image = join(folder, "c3.bin");
  // The head of an image: its magic, and at 12 the number of the chip that it is for.
  writeFileSync(
    image,
    Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 0xe9 : i === 12 ? 5 : 0)),
  );
  const { trouble } = await runVerb("board", "flash", image, "--port", rom.port);
  expect(trouble).toBe(
    "latchkey: the image for 0x0 is for the chip esp32c3, the board has esp32c6; take the board's own image",
  );
  expect(rom.flash.every((byte) => byte === 0xff)).toBe(true);
});
