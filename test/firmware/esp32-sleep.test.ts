/** The ESP32's deep sleep: what the chip is asked to wake for, and what the start after it finds. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkWakingPins } from "#firmware/esp32.ts";
import { FIRMWARE, STRICT } from "#firmware/flags.ts";
import { layoutOf } from "#firmware/layout.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-esp32-sleep-"));
const [ON_BOOT, ON_WAKING_PIN, NO_BUTTON] = ["boot", "waking", "none"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const LIGHT = 1;

beforeAll(() => {
  const sources = [
    "test/firmware/esp32-sleep-check.c",
    ...["sleep", "last-network"].map((name) => join(FIRMWARE, `chips/esp32/${name}.c`)),
    ...["retained", "crc32"].map((name) => join(FIRMWARE, `port/${name}.c`)),
  ];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const flags = ["-std=gnu11", "-g", ...STRICT, `-I${FIRMWARE}`, "-DFLASH_WRITE_BYTES=1u", ...sanitizers];
  const build = (program: string, button: readonly string[]) =>
    execFileSync("gcc", [...flags, "-DBOARD_SLEEP", "-DCHIP_DEEP_SLEEP", ...button, ...sources, "-o", program]);
  build(ON_BOOT, ["-DBOARD_BUTTON=9u"]);
  build(ON_WAKING_PIN, ["-DBOARD_BUTTON=4u"]);
  build(NO_BUTTON, []);
});

/** The chip of the check never sleeps, as a chip that refuses to. */
const BACK = "back, inputs open";
const run = (program: string, ...steps: string[]) =>
  execFileSync(program, steps, { encoding: "utf8" })
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== BACK);

test("it sleeps for the time, or until the pin has the other level, or the button closes to ground", () => {
  expect(run(ON_BOOT, "sleep:900000:-1:0", `sleep:0:${LIGHT}:0`, `sleep:2592000000:${LIGHT}:1`)).toEqual([
    "sleeps 900000000 us, pins 200, high 0",
    "sleeps 0 us, pins 202, high 2",
    "sleeps 2592000000000 us, pins 202, high 0",
  ]);
  expect(run(NO_BUTTON, "sleep:60000:-1:0")).toEqual(["sleeps 60000000 us, pins 0, high 0"]);
});

test("a sleep that the chip refuses leaves the inputs open, the button too", () => {
  const said = execFileSync(ON_BOOT, [`sleep:0:${LIGHT}:0`], { encoding: "utf8" });
  expect(said).toBe(`sleeps 0 us, pins 202, high 2\n${BACK}\n`);
});

test("the start tells what ended the sleep, with all that was kept, and only once", () => {
  const most = "a5".repeat(256);
  expect(run(ON_BOOT, "keep:0102ff", "start:time", "start:time")).toEqual(["timer, kept 0102ff", "start, kept "]);
  expect(run(ON_BOOT, `keep:${most}`, `start:pin:${LIGHT}`)).toEqual([`pin, kept ${most}`]);
  expect(run(ON_WAKING_PIN, "keep:", "start:pin:4")).toEqual(["button, kept "]);
});

test("a start that ends no sleep finds nothing: the reset pin, or power that was cut while it slept", () => {
  expect(run(ON_BOOT, "keep:0102ff", "start:power")).toEqual(["start, kept "]);
  expect(run(ON_BOOT, "start:time")).toEqual(["start, kept "]);
});

test("a bit that changed while it slept takes all that was kept", () => {
  const bits = Array.from({ length: 34 }, (_, index) => index * 4);
  for (const bit of bits) expect(run(ON_BOOT, "keep:0102ff", `flip:${bit}`, "start:time")).toEqual(["start, kept "]);
});

test("the network that it left to sleep is known at its end, and one that it left otherwise is not", () => {
  expect(run(ON_BOOT, "left:", "ask:")).toEqual(["unknown"]);
  expect(run(ON_BOOT, "left:", "sleep:60000:-1:0", "ask:")).toEqual(["sleeps 60000000 us, pins 200, high 0", "known"]);
});

test("a board whose sleep is to end by a pin that the chip does not see asleep is refused", () => {
  const { board } = layoutOf("esp32c3");
  expect(() => checkWakingPins(board, { wakingPins: 6 })).not.toThrow();
  expect(() => checkWakingPins({ ...board, sleep: { pins: ["light", "button"] } }, { wakingPins: 6 })).toThrow(
    "boards/esp32c3/board.json: sleep has button on GPIO 9, which ends no deep sleep (GPIO 0 to 5 do)",
  );
});
