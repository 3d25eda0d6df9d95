/** What an app of 50 KB of code may have of data beside the runtime: 32 KB in an arena of 184,000 bytes, 128 KB in 288,000. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { writeLargeApp } from "./large-app.ts";

const CODE_BYTES = 50 * 1024;

test.each([
  ["qemu-sf2", 184_000, 32],
  ["qemu-mps2", 288_000, 128],
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
