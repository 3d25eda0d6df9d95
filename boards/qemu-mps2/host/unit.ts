/**
 * One emulated unit as a process, used like the simulated one: `unit.ts --board qemu-mps2 --flash FILE --radio HOST:PORT`.
 * Its serial console is standard input and output; pins and starts go to standard error as JSON lines. It stands between
 * the unit's radio line and the air, so that a join opens the way in from the address that the air gave the unit.
 */
import { createConnection } from "node:net";
import { parseArgs } from "node:util";
import { readBoard } from "#boards/sim/host/board.ts";
import { imagePaths } from "#firmware/image.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioReport } from "#wire/lines/radio-line.ts";
import { MDNS_PORT } from "#wire/sessions/discovery.ts";
import { type Emulator, powerOff, startEmulator } from "./emulator.ts";
import { operationsAddress } from "./flash-watch.ts";
import { commandIo, pressButton, watchPwm } from "./io-commands.ts";
import { lines, noticeReader, show } from "./unit-lines.ts";

/** A change of an output as QEMU traces it; outputs count as board.json lists them. */
function pinOf(line: string, outputs: readonly string[]): object | undefined {
  const led = /led_change_intensity LED desc:'USERLED(\d+)'.*-> (\d+)%/.exec(line);
  if (led === null) return undefined;
  return { pin: outputs[Number(led[1])] ?? `led${led[1]}`, value: led[2] === "0" ? 0 : 1 };
}

function joinAir(emulator: Emulator, host: string, port: number, ways: readonly number[]): void {
  const air = createConnection({ host, port });
  const read = lineFrameReader();
  const open = new Set<string>();
  air.setNoDelay(true);
  air.on("data", (bytes) => {
    emulator.radio.write(bytes);
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const report = decodeRadioReport(frame);
      if (!report.ok || (report.value.kind !== "radio-joined" && report.value.kind !== "radio-access-point")) continue;
      const { ipv4 } = report.value;
      if (ipv4 === "" || open.has(ipv4)) continue;
      open.add(ipv4);
      for (const way of ways) {
        for (const protocol of ["tcp", "udp"] as const) {
          emulator.forward(protocol, ipv4, way).catch((error: Error) => show({ network: error.message }));
        }
      }
    }
  });
  emulator.radio.on("data", (bytes) => void air.write(bytes));
  air.on("error", (error: NodeJS.ErrnoException) => show({ radio: error.code ?? error.message }));
  air.on("close", () => show({ radio: "closed" }));
}

const EXIT_POWER_CUT = 80;

/**
 * Ends the unit as soon as it is seen to have begun this flash operation. An emulator that runs on can't be stopped within
 * one, so the operation is torn where it happens to stand; the exact tears are the simulated board's and the harness's.
 */
async function cutAt(emulator: Emulator, board: string, operation: number): Promise<void> {
  const command = { "command-line": `xp /1wx ${operationsAddress(board)}` };
  for (;;) {
    const words = await emulator.qmp.execute("human-monitor-command", command).catch(() => undefined);
    if (typeof words !== "string") return;
    if (Number(words.split(":")[1]) > operation) break;
  }
  await powerOff(emulator, board);
  show({ power: "cut" });
  process.exit(EXIT_POWER_CUT);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      board: { type: "string", default: "qemu-mps2" },
      flash: { type: "string" },
      radio: { type: "string" },
      cut: { type: "string" },
      counting: { type: "boolean", default: false },
      // Tells of the modelled outputs as well.
      "watch-io": { type: "boolean", default: false },
      // Who else is on the unit's wire: a port of this machine (emulator.ts).
      wire: { type: "string" },
      // Its whole network: a port of this machine, in place of QEMU's own.
      network: { type: "string" },
    },
  });
  if (values.flash === undefined) throw new Error("a unit wants --flash FILE");
  const board = readBoard(values.board);
  const flashPath = values.flash;
  const emulator = await startEmulator({
    board: values.board,
    flashPath,
    kernel: imagePaths(values.board).boot,
    isCounting: values.counting,
    wirePort: values.wire === undefined ? undefined : Number(values.wire),
    networkPort: values.network === undefined ? undefined : Number(values.network),
    more: ["-trace", "led_change_intensity"],
  });
  const outputs = Object.keys(board.pins).filter((pin) => board.pins[pin] === "output");
  emulator.process.stdout?.on("data", (bytes) => void process.stdout.write(bytes));
  const noticeIn = noticeReader();
  emulator.process.stdout?.on(
    "data",
    lines((line) => {
      const notice = noticeIn(line);
      if (notice !== undefined) show(notice);
    }),
  );
  emulator.process.stderr?.on(
    "data",
    lines((line) => {
      const pin = pinOf(line, outputs);
      if (pin !== undefined) show(pin);
    }),
  );
  process.on("message", (message) => {
    const { io, heldMs } = message as { io?: unknown; heldMs?: number };
    if (heldMs !== undefined) {
      pressButton(board, flashPath, heldMs).catch((error: Error) => show({ button: error.message }));
    }
    if (io === undefined) return;
    commandIo(board, { qmp: emulator.qmp, flashPath }, io).catch((error: Error) => show({ io: error.message }));
  });
  if (values["watch-io"]) watchPwm(board, flashPath, (name, value) => show({ io: name, value }));
  process.stdin.on("data", (bytes) => void emulator.process.stdin?.write(bytes));
  process.stdin.on("end", () => void emulator.cut());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void emulator.cut());
  if (values.radio !== undefined) {
    const [host = "127.0.0.1", port = "0"] = values.radio.split(":");
    const { tcpPort, portalPort = 80 } = board.network;
    joinAir(emulator, host, Number(port), values.network === undefined ? [tcpPort, portalPort, MDNS_PORT] : []);
  }
  if (values.cut !== undefined) await cutAt(emulator, values.board, Number(values.cut.split(":")[0]));
  await emulator.exited;
  process.exit(0);
}

main().catch((error: Error) => {
  process.stderr.write(`unit: ${error.message}\n`);
  process.exit(1);
});
