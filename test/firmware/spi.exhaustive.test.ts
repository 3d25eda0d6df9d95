/** SPI on real firmware: QEMU's MAX1111, a converter of 8 bits with four inputs, on a shield's bus of the MPS2 board. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { saidUntil } from "./console.ts";

const BOARD = "qemu-mps2";
const INPUTS = [100, 201, 37, 255];

/** Says what each input shows, by `transfer` and by `write` and `read`: control byte, then 6 bits, then 2 (data sheet 19-1231). */
const SCRIPT = `
import { port } from "./boards/${BOARD}/port.ts";
import { device, SPI } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
const spi = new SPI({ ...device.spi.default, select: "relay", hz: 1000000 });
const control = (input) => 0x8f | (input & 1) << 6 | (input & 2) << 4;
const valueOf = (high, low) => (high << 2 | low >> 6) & 0xff;
const transferred = [], read = [];
for (let input = 0; input < 4; input++) {
  const bytes = Uint8Array.of(control(input), 0, 0);
  spi.transfer(bytes);
  spi.flush(true);
  transferred.push(valueOf(bytes[1], bytes[2]));
  spi.write(Uint8Array.of(control(input)));
  const [high, low] = new Uint8Array(spi.read(2));
  spi.flush(true);
  read.push(valueOf(high, low));
}
say("transferred " + transferred + " read " + read + " end");
`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

test("an app reads QEMU's converter over SPI", async () => {
  const { bytes } = await buildScript(SCRIPT);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-spi-")), "flash.bin");
  flashBareUnit(readBoard(BOARD), flashPath, throwawayMaker(), await buildNative(BOARD), bytes);
  const inputs = INPUTS.map((value, i) => `input${i}=${value}`).join(",");
  emulator = await startEmulator({
    ...{ board: BOARD, flashPath, kernel: (await buildBoot(BOARD)).elf },
    more: ["-device", `max1111,bus=ssi,${inputs}`],
  });
  expect(await saidUntil(emulator, /transferred .* end/)).toContain(`transferred ${INPUTS} read ${INPUTS} end`);
});
