/** The greenhouse as a whole bundle: on a simulated unit, and on emulated firmware with QEMU's thermometer and the models of a test build. */
import { fork } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tmp105Registers } from "#app/testing/register-device.ts";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { setTemperature } from "#boards/qemu-mps2/host/io-commands.ts";
import { readPwm } from "#boards/qemu-mps2/host/modelled-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { imagesOf, testConfig, testMaker } from "../boards/sim/made-unit.ts";
import { until } from "../progress.ts";

const PRODUCT = { app: "examples/greenhouse/src/app.ts", onboarding: { legacy: [], softAp: false } } as const;
const BUILD = { release: "1", atS: 1_790_000_000 };

test("each minute the vent of emulated firmware follows the temperature that QEMU's TMP105 measures", async () => {
  const board = readBoard("qemu-mps2");
  const { bytes } = await buildCheckedBundle({ ...PRODUCT, board: board.name }, board, BUILD, true);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-greenhouse-")), "flash.bin");
  const native = await buildNative(board.name, { tls: false, modelled: true });
  flashBareUnit(board, flashPath, throwawayMaker(), native, bytes);
  const unit = await startEmulator({ board: board.name, flashPath, kernel: (await buildBoot(board.name)).elf });
  let said = "";
  unit.process.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  const duty = () => readPwm(flashPath, 0).duty;
  try {
    await until("a closed vent at 0 degrees", () => (duty() === 0 ? true : undefined));
    expect(readPwm(flashPath, 0).hz).toBe(25_000);
    await setTemperature(unit.qmp, 26.5);
    await until("a vent that is half open", () => (duty() === 512 ? true : undefined));
    expect(said).not.toMatch(/exception|out-of-memory|watchdog|failed/);
  } finally {
    await unit.cut();
  }
});

test("the same app does the same on a simulated unit", async () => {
  const board = readBoard("sim");
  const { bytes } = await buildCheckedBundle({ ...PRODUCT, board: board.name }, board, BUILD);
  const config = testConfig();
  const flashPath = join(config.output, "flash.bin");
  await openSimStation(board, flashPath, "127.0.0.1:1").flash(imagesOf(config, testMaker(config.product), bytes));
  const unit = fork(builtPath("boards/sim/host/unit.ts"), ["--flash", flashPath, "--radio", "127.0.0.1:1"], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  let said = "";
  for (const stream of [unit.stdout, unit.stderr]) {
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  }
  const seen = (text: string) => until(`${text} in ${said}`, () => (said.includes(text) ? true : undefined));
  try {
    await seen('{"io":"pwm vent","value":0}');
    unit.send({ io: { i2c: "i2c sda scl", address: 0x48, registers: tmp105Registers(26.5) } });
    await seen('{"io":"pwm vent","value":512}');
  } finally {
    unit.kill("SIGKILL");
  }
});
