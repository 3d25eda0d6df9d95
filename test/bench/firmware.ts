/** Measures flash, memory and instructions of the native images that ship. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildBundle, buildScript } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";
import { buildBoot, buildRuntime, imagePaths, missingPackages } from "#firmware/image.ts";
import { FIRMWARE_BOARDS, layoutOf, RISCV_BOARDS } from "#firmware/layout.ts";
import { bootToMqtt } from "./boot-to-mqtt.ts";
import { heapPeakOfJourney } from "./heap-journey.ts";
import type { Bench, Row } from "./row.ts";
import { measureTls } from "./tls.ts";

/** With -icount shift=3 an instruction takes eight nanoseconds of the unit's time. */
const INSTRUCTIONS_A_MS = 125_000;
/** What a figure may be at most, by its budget in board.json. */
const BUDGETS: Readonly<Record<string, string>> = {
  "ed25519-verify": "ed25519VerifyInstructions",
  "session-open-2": "sessionOpenInstructions",
  "session-open-2-cold": "sessionOpenInstructions",
};
const RUN_MS = 60_000;

interface Run {
  readonly lines: readonly string[];
  /** The host's time until the last line. */
  readonly ms: number;
}

/** Runs a script twice on a counting emulator until a line matches: the first start compiles and seals it. */
async function runTwice(board: string, script: Uint8Array, last: RegExp): Promise<{ first: Run; second: Run }> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const flashPath = join(folder, "flash.bin");
  try {
    await makeBareUnit(board, flashPath, script);
    return { first: await runUntil(board, flashPath, last), second: await runUntil(board, flashPath, last) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runUntil(board: string, flashPath: string, last: RegExp): Promise<Run> {
  const from = performance.now();
  const emulator = await startEmulator({ board, flashPath, kernel: imagePaths(board).boot, isCounting: true });
  try {
    return await new Promise((resolve, reject) => {
      let text = "";
      const timer = setTimeout(() => reject(new Error(`${board} did not end its measurement: ${text}`)), RUN_MS);
      emulator.process.stdout?.on("data", (bytes) => {
        text += bytes;
        const lines = text.split(/\r?\n/);
        if (!lines.slice(0, -1).some((line) => last.test(line))) return;
        clearTimeout(timer);
        resolve({ lines, ms: performance.now() - from });
      });
    });
  } finally {
    await emulator.cut();
  }
}

const found = (lines: readonly string[], pattern: RegExp) => {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match !== null) return Number(match[1]);
  }
  throw new Error(`no line ${pattern} in: ${lines.join(" | ")}`);
};

/** What the board needs a journey for. Each costs a story or a cloud, so a trouble there leaves the other rows alone. */
async function journeyRows(board: string, quick: boolean, missing: (what: string) => void): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const row = { peer: null, goal: null };
  for (const isSecured of [false, true]) {
    const name = `${board}/boot-to-mqtt${isSecured ? "-tls" : ""}`;
    try {
      const { instructions, ms } = await bootToMqtt(board, isSecured);
      const goal = isSecured ? null : 150_000_000;
      rows.push({ ...row, case: name, metric: "instructions", value: instructions, unit: "1", goal });
      rows.push({ ...row, case: name, metric: "time", value: ms, unit: "ms" });
    } catch (error) {
      missing(`${name}: ${(error as Error).message}`);
    }
  }
  const name = `${board}/heap-peak-journey`;
  if (quick) {
    missing(`${name}: the whole story takes longer than --quick allows`);
    return rows;
  }
  try {
    rows.push({ ...row, case: name, metric: "size", value: await heapPeakOfJourney(board), unit: "B", goal: 150_000 });
  } catch (error) {
    missing(`${name}: ${(error as Error).message}`);
  }
  return rows;
}

const rowOf =
  (board: string) =>
  (name: string, metric: string, value: number, unit: string, goal: number | null): Row => ({
    ...{ case: `${board}/${name}`, metric, value, unit, peer: null, goal },
  });

async function secureRows(board: string): Promise<readonly Row[]> {
  const row = rowOf(board);
  const secured = await buildRuntime(board, { tls: true });
  const tls = await measureTls(board);
  return [
    row("text-tls", "size", secured.textBytes, "B", null),
    row("ram-tls", "size", secured.ramBytes, "B", null),
    row("tls-handshake", "instructions", tls.instructions, "1", null),
    row("tls-heap-peak", "size", tls.peakBytes, "B", null),
    row("tls-heap-held", "size", tls.heldBytes, "B", null),
  ];
}

async function plainRows(board: string): Promise<readonly Row[]> {
  const row = rowOf(board);
  const { budgets } = layoutOf(board).board;
  const image = await buildRuntime(board);
  const boot = await buildBoot(board);
  const scratch = readBoard(board).flash.regions.jsB.start;
  const script = await buildScript(`import { port } from "./boards/${board}/port.ts";
import { measure } from "./test/bench/board-script.ts";
measure(port, ${scratch});`);
  const measured = (await runTwice(board, script.bytes, /^bench end/)).second.lines;
  const names = ["ed25519-verify", "session-open-2", "session-open-2-cold", "sealed-call", "block-4k"];
  const bundle = await buildBundle(
    { ...readFlashConfig("flash.config.json"), board },
    { release: "bench", atS: 1_790_000_000 },
  );
  const { first, second: started } = await runTwice(board, bundle.bytes, /^latchkey: peak/);
  return [
    row("text", "size", image.textBytes, "B", budgets.textBytes ?? null),
    row("ram", "size", image.ramBytes, "B", budgets.ramBytes ?? null),
    row("boot-text", "size", boot.textBytes, "B", budgets.bootBytes ?? null),
    row("heap-after-start", "size", found(started.lines, /^latchkey: started, heap (\d+)/), "B", null),
    row("heap-peak-start", "size", found(started.lines, /^latchkey: peak (\d+)/), "B", 240_000),
    row("boot-stage", "instructions", found(started.lines, /^latchkey: boot us (\d+)/) * 125, "1", null),
    row("boot-to-start", "instructions", found(started.lines, /^latchkey: start us (\d+)/) * 125, "1", 150_000_000),
    row("boot-to-start", "time", started.ms, "ms", null),
    row("first-boot-to-start", "instructions", found(first.lines, /^latchkey: start us (\d+)/) * 125, "1", null),
    row("compiled-code", "size", found(first.lines, /^latchkey: compiled (\d+)/), "B", null),
    ...names.map((name) =>
      row(
        name,
        "instructions",
        Math.round(found(measured, new RegExp(`^bench ${name} (\\S+)`)) * INSTRUCTIONS_A_MS),
        "1",
        budgets[BUDGETS[name] ?? ""] ?? null,
      ),
    ),
  ];
}

export const bench: Bench = {
  async run({ quick, missing }) {
    const bundle = await buildBundle(
      { ...readFlashConfig("flash.config.json"), board: "qemu-mps2" },
      { release: "bench", atS: 1_790_000_000 },
    );
    const rows: Row[] = [
      {
        case: "device-bundle",
        metric: "size",
        value: bundle.bytes.length,
        unit: "B minified",
        peer: null,
        goal: 80_000,
      },
    ];
    const install = missingPackages();
    if (install !== undefined) {
      missing(`everything on ${FIRMWARE_BOARDS.join(" and ")}: ${install}`);
      return rows;
    }
    for (const board of FIRMWARE_BOARDS) {
      rows.push(...(await plainRows(board)), ...(await secureRows(board)));
      rows.push(...(await journeyRows(board, quick, missing)));
    }
    for (const board of RISCV_BOARDS) {
      const packages = missingPackages(layoutOf(board).core);
      if (packages === undefined) rows.push(...(await plainRows(board)));
      else missing(`everything on ${board}: ${packages}`);
    }
    return rows;
  },
};
