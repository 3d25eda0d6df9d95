/**
 * The whole story on the native images: factory, unboxing, use, an update of native image and bundle together through a
 * power cut, a bundle and a native image that crash, and a forgery.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";
import { testOnNativeBoards } from "../tier.ts";

/** Bytes of the engine's arena in use at any moment (ADR 0111). */
const HEAP_PEAK_MAX = 150_000;

testOnNativeBoards("on %s", async (board) => {
  const output = mkdtempSync(join(tmpdir(), "latchkey-journey-"));
  const story = startProgram("src/cli/main.ts", ["start", "--board", board, "--output", output]);
  const said: string[] = [];
  story.onLine((line) => said.push(line));
  const code = await story.exited;
  expect(code, `${said.join("\n")}\n${story.errors()}`).toBe(0);
  const told = said.join("\n");
  expect(told).toMatch(/unit resumes, tries it, confirms\s+native slot B, bundle slot B/);
  expect(told).toMatch(/release 3 crashes at start\s+tried three times, TRIAL_CRASH; never again/);
  expect(told).toMatch(/release 4 is native and crashes\s+tried three times, TRIAL_CRASH; never again/);
  expect(told).toMatch(/release 5 has one flipped bit\s+refused by the unit: RELEASE_SIGNATURE/);
  const log = readFileSync(join(output, "unit.flash.log"), "utf8");
  const peaks = [...log.matchAll(/^latchkey: peak (\d+)/gm)].map(([, bytes]) => Number(bytes));
  expect(Math.max(...peaks)).toBeLessThanOrEqual(HEAP_PEAK_MAX);
});
