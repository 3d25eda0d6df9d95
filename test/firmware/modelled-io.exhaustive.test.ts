/**
 * The analogue input and the PWM output that test builds of qemu-mps2 model: an app's soil probe and vent above them are what they
 * would be on a board that has both, and the image that ships has neither.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readPwm, setAnalog } from "#boards/qemu-mps2/host/modelled-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { until } from "../progress.ts";
import { saidUntil } from "./console.ts";

const BOARD = "qemu-mps2";
/** The drier the soil, the further the vent is open. */
const SCRIPT = `
import { port } from "./boards/${BOARD}/port.ts";
import { SoilProbe } from "./examples/greenhouse/src/drivers/soil-probe.ts";
import { Analog, PWM } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
try {
  const vent = new PWM({ pin: "vent", hz: 25000 });
  const probe = new SoilProbe({ sensor: { io: Analog, pin: "soil" } });
  probe.configure({ averaging: 8, dry: 1, wet: 0 });
  port.onEvent(() => {
    vent.write(Math.round((1 - probe.sample().moisture) * (2 ** vent.resolution - 1)));
    port.clock.wakeAt(port.clock.milliseconds() + 20);
  });
  port.clock.wakeAt(0);
} catch (error) {
  say("refused: " + error.message);
}
`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

async function start(modelled: boolean): Promise<{ readonly unit: Emulator; readonly flashPath: string }> {
  const { bytes } = await buildScript(SCRIPT);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-modelled-")), "flash.bin");
  const native = await buildNative(BOARD, { tls: false, modelled });
  flashBareUnit(readBoard(BOARD), flashPath, throwawayMaker(), native, bytes);
  setAnalog(flashPath, 0, 0);
  const unit = await startEmulator({ board: BOARD, flashPath, kernel: (await buildBoot(BOARD)).elf });
  emulator = unit;
  unit.process.stdout?.resume();
  return { unit, flashPath };
}

test("a soil probe on the modelled input moves a vent on the modelled output", async () => {
  const { flashPath } = await start(true);
  for (const [value, duty] of [
    [0, 0],
    [4095, 1023],
    [2048, 512],
    [0xffff_f000, 0],
  ] as const) {
    setAnalog(flashPath, 0, value);
    await until(`a vent at ${duty}`, () => (readPwm(flashPath, 0).duty === duty ? true : undefined));
  }
  expect(readPwm(flashPath, 0).hz).toBe(25_000);
});

test("the image that ships has no model in it", async () => {
  const { unit } = await start(false);
  expect(await saidUntil(unit, /refused: .*\n/)).toContain("refused: this board has no pwm vent");
});
