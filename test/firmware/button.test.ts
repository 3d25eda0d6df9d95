/**
 * The button of every native board, from the pin that board.json gives it to the app's event. QEMU models neither board's
 * inputs, so the image that ships runs here with the one register that it reads them from replaced: by a button that goes
 * down at one of its readings and up at a later one, and a light that is always on.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { FIRMWARE_BOARDS } from "#firmware/layout.ts";
import { PLAIN } from "#firmware/tls-sources.ts";
import { saidUntil } from "./console.ts";

/** Bits by the numbers of board.json: the button is 0, the light 1. */
const STAND_IN = `
static uint32_t stand_in(void) {
  static uint32_t readings;
  return 2u | (++readings > 100u && readings < 400u);
}
`;
const PRESSED = {
  as: "main-pressed",
  edits: new Map(
    ["cmsdk", "smartfusion2"].map((chip) => [
      `chips/${chip}/chip.c`,
      (text: string) =>
        text.replace(
          /#define (BUTTONS|GPIO_IN) REGISTER\(.*\)/,
          `static uint32_t stand_in(void);\n#define $1 stand_in()`,
        ) + STAND_IN,
    ]),
  ),
};

/** The lamp, and a machine that says what it hears of the button and of the app's events. */
const SCRIPT = (board: string) => `
import { port } from "./boards/${board}/port.ts";
import board from "./boards/${board}/board.json" with { type: "json" };
import { app } from "./test/apps/lamp.ts";
import { decodeCbor } from "./src/codec/cbor.ts";
import { run } from "./src/device/runner.ts";
import { openSettings } from "./src/device/settings.ts";
const say = (text) => [{ kind: "log", text }];
const watcher = {
  name: "watcher",
  initial: undefined,
  step(state, event) {
    if (event.kind === "button") return { state, effects: say("button " + event.heldMs) };
    if (event.kind === "raised") return { state, effects: say("raised " + event.name + " " + decodeCbor(event.value).value) };
    if (event.kind === "start") return { state, effects: say("light " + port.pins.read("light")) };
    return { state, effects: [] };
  },
};
run(port, [watcher], app, openSettings(port.flash, board.flash.regions.settings));
`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

test.each(FIRMWARE_BOARDS)(
  "%s: a press reaches the app, which tells of it; the light is another pin",
  async (board) => {
    const { bytes } = await buildScript(SCRIPT(board));
    const native = new Uint8Array(readFileSync((await buildRuntime(board, PLAIN, PRESSED)).binary));
    const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-button-")), "flash.bin");
    flashBareUnit(readBoard(board), flashPath, throwawayMaker(), native, bytes);
    emulator = await startEmulator({ board, flashPath, kernel: (await buildBoot(board)).elf });
    const said = await saidUntil(emulator, /raised pressed \d+\r?\n/);
    expect(said).toMatch(/light 1\r?\n/);
    const [, heldMs] = /button (\d+)/.exec(said) ?? [];
    expect(said).toContain(`raised pressed ${heldMs}`);
    // One press, one event.
    expect(said.match(/button \d+/g)).toHaveLength(1);
  },
);
