/** What an app of 50 KB of code may have of data beside the runtime: 16 KB in an arena of 184,000 bytes, 64 KB in 288,000, 128 KB in 312,000. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";
import { buildRuntime } from "#firmware/image.ts";
import { writeLargeApp } from "./large-app.ts";
import { lineOf } from "./made-unit.ts";

const CODE_BYTES = 50 * 1024;

test.each([
  ["qemu-sf2", 184_000, 16],
  ["qemu-mps2", 288_000, 64],
])("the whole story on %s, in an arena of %i bytes, with %i KB of data", async (board, heapBytes, dataKilobytes) => {
  expect(readBoard(board).budgets.heapBytes).toBe(heapBytes);
  const { path } = await writeLargeApp(board, CODE_BYTES, dataKilobytes * 1024);
  const output = mkdtempSync(join(tmpdir(), "latchkey-large-app-"));
  const config = join(output, "flash.config.json");
  writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync("flash.config.json", "utf8")), app: path }));
  const story = startProgram("src/cli/main.ts", ["start", "--board", board, "--config", config, "--output", output]);
  const said: string[] = [];
  story.onLine((line) => said.push(line));
  expect(await story.exited, `${said.join("\n")}\n${story.errors()}`).toBe(0);
  const log = readFileSync(join(output, "unit.flash.log"), "utf8");
  expect(log).toMatch(/^app: all work: \d+/m);
  expect(log).not.toMatch(/^latchkey: out-of-memory/m);
});

test("an app of 50 KB of code and 128 KB of data starts and listens in an arena of 312,000 bytes", async () => {
  const board = "qemu-mps2";
  const variant = { tls: false, heapBytes: 312_000 };
  await buildRuntime(board, variant);
  const { path } = await writeLargeApp(board, CODE_BYTES, 128 * 1024);
  const product = { ...readFlashConfig("flash.config.json"), board, app: path };
  const bundle = await buildBundle(product, { release: "1", atS: 1_790_000_000 });
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-large-app-")), "flash.bin");
  await makeBareUnit(board, flashPath, bundle.bytes, variant);
  const station = openSimStation(readBoard(board), flashPath, "127.0.0.1:1");
  onTestFinished(() => station.power(false));
  await station.power(true);
  await lineOf(station, /^app: all work: \d+/);
  await lineOf(station, /^latchkey: started, heap \d+/);
});
