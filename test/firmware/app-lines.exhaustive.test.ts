/**
 * Serial and DigitalBank of the image that ships, over QEMU's third UART and the LEDs of its board controller; an input bank and
 * PulseCount over the models of a test build.
 */
import { mkdtempSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { setPulses, setSwitches } from "#boards/qemu-mps2/host/modelled-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot } from "#firmware/image.ts";
import { PARTIAL_READS, PARTIAL_READS_STEPS } from "../apps/partial-reads.ts";
import { until } from "../progress.ts";
import { saidUntil } from "./console.ts";

const BOARD = "qemu-mps2";
/** `body` runs with the classes and `say`; what is watched is told of as the runtime tells of it. */
const scriptOf = (body: string) => `
import { port } from "./boards/${BOARD}/port.ts";
import { DigitalBank, PulseCount, Serial, device } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { deliverIo, provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
port.onEvent((event) => event.kind === "io" && deliverIo(event.resource, event.value));
try {
  ${body}
} catch (error) {
  say("refused: " + error.message);
}
`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

async function start(body: string, modelled: boolean, more: readonly string[] = []) {
  const { bytes } = await buildScript(scriptOf(body));
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-lines-")), "flash.bin");
  const native = await buildNative(BOARD, { tls: false, modelled });
  flashBareUnit(readBoard(BOARD), flashPath, throwawayMaker(), native, bytes);
  const unit = await startEmulator({ board: BOARD, flashPath, kernel: (await buildBoot(BOARD)).elf, more });
  emulator = unit;
  unit.process.stdout?.resume();
  return { unit, flashPath };
}

/** A serial line's other end. */
async function openLine() {
  let heard = "";
  let far: Socket | undefined;
  const server = createServer((socket) => {
    far = socket;
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    args: ["-chardev", `socket,id=app,host=127.0.0.1,port=${port}`, "-serial", "chardev:app"],
    heard: () => heard,
    send: (text: string) => void far?.write(Buffer.from(text, "latin1")),
    close() {
      far?.destroy();
      server.close();
    },
  };
}

test("an app converses over QEMU's UART, whole buffers both ways", async () => {
  const line = await openLine();
  try {
    await start(
      `let got = "";
      const serial = new Serial({
        ...device.serial.default, baud: 9600, format: "buffer",
        onReadable() {
          const bytes = new Uint8Array(this.read());
          for (const byte of bytes) got += String.fromCharCode(byte);
          while (got.includes("\\n")) {
            const at = got.indexOf("\\n");
            this.write(utf8("heard " + at + " " + got.slice(0, 5) + "\\n"));
            got = got.slice(at + 1);
          }
        },
      });
      serial.write(utf8("ready\\n"));
      try { new Serial({ ...device.serial.default, baud: 9600 }); } catch (error) { serial.write(utf8(error.message + "\\n")); }
      try { serial.write(new Uint8Array(257)); } catch (error) { serial.write(utf8(error.message + "\\n")); }`,
      false,
      line.args,
    );
    const heard = (text: string) =>
      until(`${text} on the line`, () => (line.heard().includes(text) ? true : undefined));
    await heard("ready\nserial rx tx is in use: close it first\n257 bytes don't fit into the line's buffer of 256\n");
    line.send("hello\n");
    await heard("heard 5 hello\n");
    // More than the ring holds: the line waits for the app, and nothing is lost.
    line.send(`${"x".repeat(3_000)}\n`);
    await heard("heard 3000 xxxxx\n");
  } finally {
    line.close();
  }
});

test("a line that is as full again as before by the time that the app has read it is told of again", async () => {
  const line = await openLine();
  try {
    await start(
      `const resource = port.io.find("serial rx tx");
      let total = 0;
      const fill = () => { while (port.io.get(resource) < Math.min(512, 3000 - total)); };
      const serial = new Serial({
        ...device.serial.default, baud: 9600, format: "buffer",
        onReadable() {
          fill();
          total += this.read().byteLength;
          fill();
          if (total === 3000) this.write(utf8("all of it\\n"));
        },
      });
      serial.write(utf8("ready\\n"));`,
      false,
      line.args,
    );
    const heard = (text: string) =>
      until(`${text} on the line`, () => (line.heard().includes(text) ? true : undefined));
    await heard("ready\n");
    line.send("x".repeat(3_000));
    await heard("all of it\n");
  } finally {
    line.close();
  }
});

test("an app is told again of what it left unread, and once of what it did not read at all", async () => {
  const line = await openLine();
  try {
    const { unit } = await start(PARTIAL_READS, false, line.args);
    await saidUntil(unit, /listening/);
    for (const { send, said } of PARTIAL_READS_STEPS) {
      line.send(send);
      await saidUntil(unit, new RegExp(said));
    }
  } finally {
    line.close();
  }
});

test("a bank of outputs is the board controller's LEDs, all at once", async () => {
  const { unit } = await start(
    `const low = new DigitalBank({ pins: 0x0f, mode: DigitalBank.Output });
    low.write(0xa5);
    say("written");
    try { low.read(); } catch (error) { say(error.message); }
    try { new DigitalBank({ pins: 0x100, mode: DigitalBank.Output }); } catch (error) { say(error.message); }`,
    false,
  );
  expect(await saidUntil(unit, /in use: close it first/)).toContain("outputs can't be read");
  const shown = await unit.qmp.execute("human-monitor-command", { "command-line": "xp /1xw 0x4002f004" });
  expect(String(shown)).toContain("0x00000005");
});

test("inputs and pulses come from the models of a test build, and are not in the image that ships", async () => {
  const body = `
    const switches = new DigitalBank({ bank: "switches", pins: 0xff, mode: DigitalBank.Input, rises: 0x81, falls: 0x02,
      onReadable: (triggers) => say("triggers " + triggers) });
    const wheel = new PulseCount({ signal: "wheel-a", control: "wheel-b", onReadable() { say("count " + this.read()); } });
    wheel.write(100);
    say("open " + switches.read() + " " + wheel.read());`;
  const { unit, flashPath } = await start(body, true);
  await saidUntil(unit, /open 0 100\r?\n/);
  setSwitches(flashPath, 0x83);
  await saidUntil(unit, /triggers 129\r?\n/);
  setSwitches(flashPath, 0x81);
  await saidUntil(unit, /triggers 2\r?\n/);
  setPulses(flashPath, -3);
  await saidUntil(unit, /count 97\r?\n/);
  await unit.cut();
  const shipped = await start(body, false);
  expect(await saidUntil(shipped.unit, /refused: .*\n/)).toContain("this board has no bank switches");
});
