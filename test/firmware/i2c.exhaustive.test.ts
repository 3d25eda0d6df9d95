/**
 * I2C on real firmware: QEMU's own TMP105 on a shield's bus of the MPS2 board, its temperature set through QMP, and read by the
 * greenhouse's driver on the image that ships.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { setTemperature } from "#boards/qemu-mps2/host/io-commands.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { whileProgressing } from "../progress.ts";

const BOARD = "qemu-mps2";

/** Says each new temperature, and what happens at an address without a device and on the other shield's empty bus. */
const SCRIPT = `
import { port } from "./boards/${BOARD}/port.ts";
import { TMP102 } from "./examples/greenhouse/src/drivers/tmp102.ts";
import { device, I2C, SMBus } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
const bus = { ...device.i2c.default, hz: 100000 };
const refusal = (run) => { try { run(); return "none"; } catch (error) { return error.message; } };
say("empty address: " + refusal(() => new I2C({ ...bus, address: 0x49 }).write(Uint8Array.of(0))));
say("empty read: " + refusal(() => new I2C({ ...bus, address: 0x4a }).read(1)));
say("empty bus: " + refusal(() => new I2C({ data: "sda-0", clock: "scl-0", hz: 100000, address: 0x48 }).read(2)));
say("no bus: " + refusal(() => new I2C({ data: "sda", clock: "sck", hz: 1, address: 1 })));
const limits = new SMBus({ ...bus, address: 0x48 });
limits.writeUint16(3, 0x5550, true);
const low = limits.readUint16(2, true), high = limits.readUint16(3, true);
limits.writeQuick();
limits.close();
say("limits: " + low.toString(16) + " " + high.toString(16));
const thermometer = new TMP102({ sensor: { io: I2C, ...device.i2c.default } });
let last;
port.onEvent(() => {
  const { temperature } = thermometer.sample();
  if (temperature !== last) say("temperature: " + temperature);
  last = temperature;
  port.clock.wakeAt(port.clock.milliseconds() + 20);
});
port.clock.wakeAt(0);
`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

test("a thermometer's driver reads what QEMU's TMP105 measures, and nobody answers elsewhere", async () => {
  const { bytes } = await buildScript(SCRIPT);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-i2c-")), "flash.bin");
  flashBareUnit(readBoard(BOARD), flashPath, throwawayMaker(), await buildNative(BOARD), bytes);
  emulator = await startEmulator({ board: BOARD, flashPath, kernel: (await buildBoot(BOARD)).elf });
  const { process, qmp } = emulator;
  let said = "";
  let look: () => void = () => undefined;
  process.stdout?.on("data", (chunk) => {
    said += chunk;
    look();
  });
  const until = (line: string) =>
    whileProgressing(
      (progress) =>
        new Promise<void>((resolve) => {
          look = () => {
            progress();
            if (said.split(/\r?\n/).includes(line)) resolve();
          };
          look();
        }),
      () => `no line ${line}; the unit said: ${said.slice(-1_500)}`,
    );
  await until("temperature: 0");
  const nobody = (address: number) =>
    `nothing answers at I2C address 0x${address.toString(16)}: check its wiring and its address`;
  const lines = said.split(/\r?\n/);
  expect(lines).toContain(`empty address: ${nobody(0x49)}`);
  expect(lines).toContain(`empty read: ${nobody(0x4a)}`);
  expect(lines).toContain(`empty bus: ${nobody(0x48)}`);
  expect(lines).toContain("no bus: this board has no i2c sda sck");
  // The TMP105's limits after a reset are 75 and 80 degrees.
  expect(lines).toContain("limits: 4b00 5550");
  // Degrees that its 12 bits can show.
  for (const celsius of [25.5, 21.0625, -10.25, 127.9375, -55, 0.0625]) {
    await setTemperature(qmp, celsius);
    await until(`temperature: ${celsius}`);
  }
});
