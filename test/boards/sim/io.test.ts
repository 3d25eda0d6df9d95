/** An app's hardware on a simulated unit, moved from outside by messages to its process (boards/sim/host/io-commands.ts). */
import { fork } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { PARTIAL_READS, PARTIAL_READS_STEPS } from "../../apps/partial-reads.ts";
import { whileProgressing } from "../../progress.ts";
import { imagesOf, testConfig, testMaker } from "./made-unit.ts";

/** A runtime without machines, for an app that follows a contact, a thermometer and a soil probe. */
const SCRIPT = `
import { port } from "./boards/sim/port.ts";
import board from "./boards/sim/board.json" with { type: "json" };
import { defineDevice } from "./src/app/define-device.ts";
import { Analog } from "./src/app/io/analog.ts";
import { device } from "./src/app/io/buses.ts";
import { Digital } from "./src/app/io/digital.ts";
import { PWM } from "./src/app/io/pwm.ts";
import { SMBus } from "./src/app/io/smbus.ts";
import { run } from "./src/device/runner.ts";
import { openSettings } from "./src/device/settings.ts";
const app = defineDevice({
  functions: {},
  start(io) {
    const soil = new Analog({ pin: "soil" });
    const vent = new PWM({ pin: "vent" });
    const thermometer = new SMBus({ ...device.i2c.default, hz: 100000, address: 0x48 });
    new Digital({
      pin: "contact", mode: Digital.Input, edge: Digital.Rising + Digital.Falling,
      onReadable() {
        if (this.read() === 0) throw new Error("released");
        vent.write(soil.read() >> 2);
        io.log("soil " + soil.read() + " temperature " + thermometer.readUint16(0, true) / 256);
      },
    });
    io.log("open");
  },
});
const failures = { name: "failures", initial: undefined, step: (state, event) => ({ state, effects:
  event.kind === "app-failed" ? [{ kind: "log", text: event.name + " failed: " + event.message }] : [] }) };
run(port, [failures], app, openSettings(port.flash, board.flash.regions.settings));
`;

/** A unit that runs a script: its process, and what waits until it has said a text. */
async function start(script: string) {
  const config = testConfig();
  const board = readBoard("sim");
  const { bytes } = await buildScript(script);
  const flash = join(config.output, "flash.bin");
  await openSimStation(board, flash, "127.0.0.1:1").flash(imagesOf(config, testMaker(config.product), bytes));
  const unit = fork(builtPath("boards/sim/host/unit.ts"), ["--flash", flash, "--radio", "127.0.0.1:1"], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  let said = "";
  let look: () => void = () => undefined;
  for (const stream of [unit.stdout, unit.stderr]) {
    stream?.on("data", (chunk) => {
      said += chunk;
      look();
    });
  }
  const until = (text: string) =>
    whileProgressing(
      (progress) =>
        new Promise<void>((resolve) => {
          look = () => {
            progress();
            if (said.includes(text)) resolve();
          };
          look();
        }),
      () => `no ${text} in: ${said}`,
    );
  return { unit, until, said: () => said };
}

test("inputs, sensors and outputs of a simulated unit reach its app and are shown, and a callback that throws ends nothing", async () => {
  const { unit, until, said } = await start(SCRIPT);
  try {
    await until("app: open");
    unit.send({ io: { i2c: "i2c sda scl", address: 0x48, registers: { 0: [0x19, 0x80] } } });
    unit.send({ io: { value: "analog soil", to: 2000 } });
    unit.send({ io: { value: "digital contact", to: 1 } });
    await until("app: soil 2000 temperature 25.5");
    await until('{"io":"pwm vent","value":500}');
    unit.send({ io: { value: "digital contact", to: 0 } });
    await until("onReadable failed: Error: released");
    unit.send({ io: { i2c: "i2c sda scl", address: 0x48, registers: null } });
    unit.send({ io: { value: "digital contact", to: 1 } });
    await until("onReadable failed: Error: nothing answers at I2C address 0x48");
    // Each change is told once.
    expect(said().match(/released/g)).toHaveLength(1);
  } finally {
    unit.kill("SIGKILL");
  }
});

test("an app is told again of what it left unread on a serial line, as on firmware", async () => {
  const { unit, until } = await start(`
import { port } from "./boards/sim/port.ts";
import { Serial, device } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { deliverIo, provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
port.onEvent((event) => event.kind === "io" && deliverIo(event.resource, event.value));
${PARTIAL_READS}`);
  try {
    await until("listening");
    for (const { send, said } of PARTIAL_READS_STEPS) {
      unit.send({ io: { line: "serial rx tx", bytes: [...Buffer.from(send)] } });
      await until(said);
    }
  } finally {
    unit.kill("SIGKILL");
  }
});
