/** The whole story in the program for Linux, an update of program and bundle through a power cut and a program that crashes included. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";

test("factory, unboxing, use and updates on linux", async () => {
  const output = mkdtempSync(join(tmpdir(), "latchkey-journey-"));
  const story = startProgram("src/cli/main.ts", ["start", "--board", "linux", "--output", output]);
  const said: string[] = [];
  story.onLine((line) => said.push(line));
  const code = await story.exited;
  expect(code, `${said.join("\n")}\n${story.errors()}`).toBe(0);
  const told = said.join("\n");
  expect(told).toMatch(/unit resumes, tries it, confirms\s+native slot B, bundle slot B/);
  expect(told).toMatch(/release 4 is native and crashes\s+tried three times, TRIAL_CRASH; never again/);
  expect(told).toMatch(/release 5 has one flipped bit\s+refused by the unit: RELEASE_SIGNATURE/);
});
