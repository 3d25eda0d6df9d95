/** The maker's loop: from a saved file to the app that runs, calls a second, timers, what apps take of memory and flash, and a sensor's wake. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startProgram } from "#boards/sim/host/child.ts";
import { type Maker, startMaker } from "./app-maker.ts";
import type { Bench, Row } from "./row.ts";
import { sensorWake } from "./sensor-wake.ts";

const BOARDS = ["sim", "qemu-mps2"] as const;
const EMPTY = 'import { defineDevice } from "latchkey/device";\nexport const app = defineDevice({ functions: {} });\n';
const GREENHOUSE = resolve("examples/greenhouse/src/app.ts");
const PERIOD_MS = 100;
/** A function that does nothing, a text that a save changes, and a pin that a timer turns. */
const CALLED = (word: string) => `import { defineDevice, text } from "latchkey/device";
let isOn = false;
export const app = defineDevice({
  functions: { ping: { right: "call", args: {}, answer: text(40), run: () => ${JSON.stringify(word)} } },
  start: (io) => void io.every(${PERIOD_MS}, () => io.pin("lamp").write((isOn = !isOn))),
});
`;
/** The goal for a save, milliseconds. */
const SAVE_GOAL_MS = 1_000;

type RowOf = (metric: string, value: number, unit: string, goal?: number | null, peer?: string | null) => Row;

/** The value that so great a share of all is not above. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const whenLinked = (maker: Maker) => maker.until("a session", ({ isLinked }) => isLinked === true);

async function measureSaves(maker: Maker, runs: number, row: RowOf, board: string): Promise<readonly Row[]> {
  const [saves, sessions, cpus]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < runs; i++) {
    const starts = maker.state.starts ?? 0;
    const cpuS = maker.cpuS();
    const savedAtMs = performance.now();
    maker.save(CALLED(`word ${i}`));
    await maker.until("the next start", (state) => (state.starts ?? 0) > starts);
    saves.push(performance.now() - savedAtMs);
    cpus.push(1_000 * (maker.cpuS() - cpuS));
    await whenLinked(maker);
    sessions.push(performance.now() - savedAtMs);
  }
  const goal = board === "sim" ? SAVE_GOAL_MS : null;
  return [
    row("from save to running, median", quantile(saves, 0.5), "ms", goal, "Jaguar: under 2 s"),
    row("from save to running, slowest", quantile(saves, 1), "ms"),
    row("from save to running, processor time, median", quantile(cpus, 0.5), "ms"),
    row("from save to the first session, median", quantile(sessions, 0.5), "ms"),
  ];
}

async function measureCalls(maker: Maker, calls: number, row: RowOf, board: string): Promise<Row> {
  const startMs = performance.now();
  for (let i = 0; i < calls; i++) {
    const answer = (await maker.call("ping")) as { answer?: string; error?: string };
    if (answer.answer === undefined) throw new Error(`${board}: ${answer.error}`);
  }
  return row(
    "calls, one after the other in one session",
    (calls * 1_000) / (performance.now() - startMs),
    "per second",
  );
}

/** How far apart the turns of the pin are, as somebody outside sees them. */
async function measureTimers(maker: Maker, turns: number, row: RowOf): Promise<readonly Row[]> {
  const from = maker.samples.length;
  const seen = () => maker.samples.slice(from).filter(({ series }) => series === "signal digital lamp");
  while (seen().length <= turns) await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  const times = seen().map(({ atMs }) => atMs);
  const off = times.slice(1).map((atMs, i) => Math.abs(atMs - (times[i] as number) - PERIOD_MS));
  return [
    row(`timer of ${PERIOD_MS} ms, off by, median`, quantile(off, 0.5), "ms"),
    row(`timer of ${PERIOD_MS} ms, off by, 95 of 100`, quantile(off, 0.95), "ms"),
  ];
}

async function bundleBytes(board: string, folder: string): Promise<number> {
  const out = join(folder, `${board}.bundle`);
  const words = ["--config", join(folder, "flash.config.json"), "--board", board, "--release", "1", "--out", out];
  // The greenhouse's vent and probe exist in test builds of the emulated board.
  const child = startProgram("src/cli/main.ts", ["bundle", "build", "--modelled", ...words]);
  if ((await child.exited) !== 0) throw new Error(child.errors());
  return statSync(out).size;
}

/** What an app takes. @param use Goes on with the running unit. */
async function measureApp(
  board: string,
  app: string,
  name: string,
  row: RowOf,
  use?: (maker: Maker) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-app-"));
  const path = app === EMPTY ? join(folder, "app.ts") : app;
  if (app === EMPTY) writeFileSync(path, EMPTY);
  const maker = await startMaker(board, folder, path);
  try {
    await maker.until("a session", ({ isLinked, memory }) => isLinked === true && memory != null);
    const heap = maker.state.memory?.used ?? 0;
    const release = await bundleBytes(board, folder);
    const more = (await use?.(maker)) ?? [];
    return [
      ...more,
      row(`memory in use, ${name}, development unit`, heap, "bytes"),
      row(`bundle of a release, ${name}`, release, "bytes"),
    ];
  } finally {
    await maker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = {
  async run({ quick }) {
    const rows: Row[] = [];
    for (const board of BOARDS) {
      const row: RowOf = (metric, value, unit, goal = null, peer = null) => ({
        ...{ case: board, metric, value, unit, peer, goal },
      });
      const loop = async (maker: Maker) => [
        ...(await measureSaves(maker, quick ? 3 : 9, row, board)),
        await measureCalls(maker, quick ? 20 : 200, row, board),
        ...(await measureTimers(maker, quick ? 20 : 200, row)),
      ];
      rows.push(...(await measureApp(board, EMPTY, "empty app", row, loop)));
      rows.push(...(await measureApp(board, GREENHOUSE, "greenhouse", row)));
    }
    const { instructions, bytes } = await sensorWake("qemu-mps2");
    const wake = { case: "qemu-mps2/one wake of the battery sensor", peer: null, goal: null };
    rows.push({ ...wake, metric: "instructions at work", value: instructions, unit: "instructions" });
    rows.push({ ...wake, metric: "TCP payload, both ways", value: bytes, unit: "bytes" });
    return rows;
  },
};
