/** Sleep on firmware: the chip rests in its image, then starts again through the boot stage, with a few bytes of its memory kept. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { setInput } from "#boards/qemu-mps2/host/modelled-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { saidUntil } from "./console.ts";

const BOARD = "qemu-mps2";
/** A pin that changes before the chip rests is the value that it rests with. */
const restsSoon = () => new Promise((resolve) => setTimeout(resolve, 2_000));
/** Each wake sleeps again, in another way; what is kept counts the wakes. */
const SCRIPT = `
import { port } from "./boards/${BOARD}/port.ts";
import { utf8 } from "./src/base/utf8.ts";
const { sleep } = port;
const kept = sleep.kept();
port.console.write(utf8("woken by " + sleep.wokenBy + ", kept " + [...kept.slice(0, 3)] + ", " + port.system.resetReason + "\\n"));
const wakes = kept.length === 0 ? 0 : kept[0];
const more = new Uint8Array(256).fill(7);
more[0] = wakes + 1;
port.onEvent(() => {
  port.console.write(utf8("asleep " + wakes + "\\n"));
  if (wakes === 0) sleep.enter(400, "", more);
  sleep.enter(Infinity, wakes === 1 ? "light" : "", more);
  port.console.write(utf8("still awake\\n"));
  port.clock.wakeAt(port.clock.milliseconds() + 50);
});
port.clock.wakeAt(0);
`;
const LIGHT = 1;
const BUTTON = 0;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

async function start(flashPath: string): Promise<Emulator> {
  emulator = await startEmulator({ board: BOARD, flashPath, kernel: (await buildBoot(BOARD)).elf });
  emulator.process.stdout?.resume();
  return emulator;
}

test("time, a pin and the button end a sleep, and the power takes what was kept", async () => {
  const { bytes } = await buildScript(SCRIPT);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-sleep-")), "flash.bin");
  const native = await buildNative(BOARD, { tls: false, modelled: true });
  flashBareUnit(readBoard(BOARD), flashPath, throwawayMaker(), native, bytes);
  const unit = await start(flashPath);
  expect(await saidUntil(unit, /asleep 1\r?\n/)).toMatch(
    /woken by start, kept , power[\s\S]*woken by timer, kept 1,7,7, requested/,
  );
  await restsSoon();
  setInput(flashPath, LIGHT, true);
  expect(await saidUntil(unit, /asleep 2\r?\n/)).toContain("woken by pin, kept 2,7,7, requested");
  await restsSoon();
  setInput(flashPath, BUTTON, true);
  // Nobody sleeps on while it is held.
  expect(await saidUntil(unit, /still awake\r?\n/)).toContain("woken by button, kept 3,7,7, requested");
  setInput(flashPath, BUTTON, false);
  await saidUntil(unit, /asleep 3\r?\n/);
  await unit.cut();
  expect(await saidUntil(await start(flashPath), /woken by start, .*\n/)).toContain("kept , power");
});
