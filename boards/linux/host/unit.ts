/**
 * One unit on this machine as a process, used like the simulated one: `unit.ts --flash FILE --radio HOST:PORT`. Its console is
 * standard input and output; pins and starts go to standard error as JSON lines.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { parseArgs } from "node:util";
import { viewOf } from "#base/bytes.ts";
import { lines, noticeReader, show } from "#boards/qemu-mps2/host/unit-lines.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { imagePaths } from "#firmware/image.ts";

const EXIT_POWER_CUT = 80;
/** The memory that a restart keeps, in the supervisor (firmware/chips/linux/linux.h). */
const KEPT_FD = 3;
const LOOK_MS = 5;

/** What the supervisor keeps: flash operations so far, and a bit for each output. */
function readKept(pid: number): { readonly operations: number; readonly outputs: number } | undefined {
  try {
    const file = openSync(`/proc/${pid}/fd/${KEPT_FD}`, "r");
    const bytes = new Uint8Array(8);
    const length = readSync(file, bytes, 0, 8, 0);
    closeSync(file);
    const view = viewOf(bytes);
    return length === 8 ? { operations: view.getUint32(0, true), outputs: view.getUint32(4, true) } : undefined;
  } catch {
    return undefined;
  }
}

function main(): void {
  const { values } = parseArgs({
    options: {
      board: { type: "string", default: "linux" },
      flash: { type: "string" },
      radio: { type: "string" },
      cut: { type: "string" },
    },
  });
  if (values.flash === undefined) throw new Error("a unit wants --flash FILE");
  const program = imagePaths(values.board).runtime;
  if (!existsSync(program))
    throw new Error(`there is no ${program}; run: latchkey firmware build --board ${values.board}`);
  const { pins } = readBoard(values.board);
  const outputs = Object.keys(pins).filter((pin) => pins[pin] === "output");
  const radio = values.radio === undefined ? [] : ["--air", values.radio];
  // The unit ends with the process that started it, also when that one is killed.
  const words = ["--pdeathsig", "KILL", program, "--flash", values.flash, ...radio];
  const unit = spawn("setpriv", words, { stdio: ["pipe", "pipe", "inherit"] });
  unit.stdout.on("data", (bytes) => void process.stdout.write(bytes));
  const noticeIn = noticeReader();
  unit.stdout.on(
    "data",
    lines((line) => {
      const notice = noticeIn(line);
      if (notice !== undefined) show(notice);
    }),
  );
  const cutAt = values.cut === undefined ? Number.POSITIVE_INFINITY : Number(values.cut.split(":")[0]);
  let before = 0;
  let endCode = 0;
  const look = setInterval(() => {
    const kept = readKept(unit.pid ?? -1);
    if (kept === undefined) return;
    outputs.forEach((pin, bit) => {
      const value = (kept.outputs >> bit) & 1;
      if (value !== ((before >> bit) & 1)) show({ pin, value });
    });
    before = kept.outputs;
    if (kept.operations <= cutAt) return;
    clearInterval(look);
    unit.kill("SIGKILL");
    show({ power: "cut" });
    endCode = EXIT_POWER_CUT;
  }, LOOK_MS);
  process.stdin.on("data", (bytes) => void unit.stdin.write(bytes));
  const cut = () => void unit.kill("SIGKILL");
  process.stdin.on("end", cut);
  unit.stdin.on("error", cut);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, cut);
  unit.on("error", (error) => show({ unit: error.message }));
  unit.on("close", (code) => process.exit(code ?? endCode));
}

try {
  main();
} catch (error) {
  process.stderr.write(`unit: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
