/**
 * The booted images lose their power at random moments of an endless update, and come back every time: by kill -9 of the
 * emulator where the flash is shared memory, by QMP stop and quit where QEMU writes it in its own time. LATCHKEY_CUTS sets how often.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { seededFractions } from "#boards/sim/host/seeded-fractions.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagePaths } from "#firmware/image.ts";
import { testOnNativeBoards, times } from "../tier.ts";
import { saidUntil } from "./console.ts";

const CUTS = Number(process.env.LATCHKEY_CUTS ?? times(10, 50));
/** An update has about twenty steps, each told of by a floor; a step takes milliseconds. */
const STEPS_MOST = 24;
const STEP_MS = 20;

interface Found {
  readonly state: string;
  readonly floor: number;
  readonly sequence: number;
  /** The highest floor that was told before the power went. */
  readonly told: number;
  readonly starts: number;
}

/** One start with a cut after so many steps of its work, and so many milliseconds. */
async function runOnce(board: string, flashPath: string, steps: number, forMs: number): Promise<Found> {
  const emulator = await startEmulator({ board, flashPath, kernel: imagePaths(board).boot });
  let text = "";
  emulator.process.stdout?.on("data", (bytes) => {
    text += bytes;
  });
  await saidUntil(emulator, /^found .*\n/m);
  for (let step = 0; step < steps; step++) await saidUntil(emulator, /^floor \d+\r?\n/m);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  await powerOff(emulator, board);
  if (/trouble|LOST|no image|no key set/.test(text)) throw new Error(text);
  const all = [...text.matchAll(/^found (\S+) floor (\S+) sequence (\d+)\r?\n/gm)];
  const [, state = "", floor, sequence] = all[0] ?? [];
  const told = Math.max(0, ...[...text.matchAll(/^floor (\d+)\r?\n/gm)].map((match) => Number(match[1])));
  return { state, floor: Number(floor), sequence: Number(sequence), told, starts: all.length };
}

testOnNativeBoards("%s comes back from every cut, with all that it remembered", async (board) => {
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-cuts-")), "flash.bin");
  const { regions } = readBoard(board).flash;
  const bundle = async (imageBytes: number) =>
    (
      await buildScript(`import { port } from "./boards/${board}/port.ts";
import { runUnderCuts } from "./test/firmware/cut-script.ts";
runUnderCuts(port, ${JSON.stringify(regions)}, ${imageBytes});`)
    ).bytes;
  // The script tells its own length: its digits don't change between the two builds.
  const script = await bundle((await bundle(54_321)).length);
  await makeBareUnit(board, flashPath, script);
  const random = seededFractions(20_261_123);
  let before: Found = { state: "new", floor: 0, sequence: 1, told: 0, starts: 0 };
  let sequence = 1;
  for (let i = 0; i < CUTS; i++) {
    const steps = i === 0 ? STEPS_MOST : Math.floor(random() * STEPS_MOST);
    const found = await runOnce(board, flashPath, steps, Math.floor(random() * STEP_MS));
    expect(found.state, `cut ${i}`).toBe(i === 0 ? "new" : "whole");
    expect(found.floor, `cut ${i}: the floor never falls`).toBeGreaterThanOrEqual(before.told);
    expect(found.sequence, `cut ${i}: what was confirmed stays`).toBeGreaterThanOrEqual(sequence);
    sequence = found.sequence;
    before = { ...found, told: Math.max(found.told, found.floor) };
  }
  // The updates went on between the cuts, or the test would show nothing.
  expect(sequence).toBeGreaterThan(2);
});
