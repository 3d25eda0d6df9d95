/** The whole story as a newcomer runs it: one command, real processes, and nothing left behind. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startChild } from "#boards/sim/host/child.ts";
import { exhaustiveTest } from "../tier.ts";

const output = mkdtempSync(join(tmpdir(), "latchkey-story-"));

async function tellStory(run: number): Promise<void> {
  const story = startChild(process.execPath, ["bin/start.mjs", "--output", output]);
  const lines: string[] = [];
  story.onLine((line) => lines.push(line));
  expect([await story.exited, story.errors()]).toEqual([0, ""]);
  const text = lines.join("\n");
  expect(text.match(/✗/g)).toBeNull();
  for (const fault of ["GRANT_RIGHT", "GRANT_FLASH", "GRANT_EXPIRED", "GRANT_AUDIENCE", "GRANT_REVOKED"]) {
    expect(text).toContain(`refused: ${fault}`);
  }
  expect(text).toMatch(/lamp: true/);
  expect(text).toContain("✓ owner switches it on, by relay");
  expect(text).toContain("✓ a phone finds it by mDNS");
  expect(text).toMatch(/at flash operation \d+, torn/);
  expect(text).toContain("tried three times, TRIAL_CRASH");
  expect(text).toContain("refused by the unit: RELEASE_SIGNATURE");

  const id = /device ID +([0-9a-f]{24})/.exec(text)?.[1] ?? "none";
  for (const name of ["label.png", "card.png", "print.pdf"])
    expect(existsSync(join(output, "units", id, name))).toBe(true);
  const log = readFileSync(join(output, "unit.flash.log"), "utf8");
  const trials = log.split("\n").filter((line) => line.includes('"trial":true'));
  // The good release once, the crashing one three times: a rejected image is not tried again after the last restart either.
  expect(trials).toHaveLength(4 * run);
  expect(text).toMatch(run === 1 ? /registry\.db, 1 unit$/m : /registry\.db, 2 units$/m);
  expect(log).not.toContain("a story told at home");
}

test("npm start tells the whole story and ends well", () => tellStory(1));

exhaustiveTest("npm start tells it again in the same folder", () => tellStory(2));

test("a story that is interrupted leaves no process behind", async () => {
  const output = mkdtempSync(join(tmpdir(), "latchkey-story-"));
  const story = startChild(process.execPath, ["bin/start.mjs", "--output", output]);
  await new Promise<void>((resolve) => story.onLine((line) => line.includes("unit makes its key") && resolve()));
  await story.stop();
  const { execFileSync } = await import("node:child_process");
  const left = execFileSync("ps", ["-eo", "args"])
    .toString()
    .split("\n")
    .filter((line) => line.includes(output));
  expect(left).toEqual([]);
  for (const path of [join(output, "registry.db.new"), join(output, "phone.json.new")])
    expect(existsSync(path)).toBe(false);
});

test("a wrong configuration gives one line that names the key, and nothing is flashed", async () => {
  const output = mkdtempSync(join(tmpdir(), "latchkey-story-"));
  const { writeFileSync } = await import("node:fs");
  const path = join(output, "flash.config.json");
  const good = JSON.parse(readFileSync("flash.config.json", "utf8"));
  writeFileSync(path, JSON.stringify({ ...good, labels: { dpi: "high" } }));
  const story = startChild(process.execPath, ["bin/start.mjs", "--output", output, "--config", path]);
  expect(await story.exited).toBe(1);
  expect(story.errors()).toMatch(/labels\.dpi/);
  expect(story.errors().trim().split("\n")).toHaveLength(1);
  expect(existsSync(join(output, "unit.flash"))).toBe(false);
});
