/** The whole story on the native images: factory, unboxing, use, and an update through a power cut, a crash and a forgery. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";

test.each(["qemu-mps2", "qemu-sf2"])(
  "on %s",
  async (board) => {
    const output = mkdtempSync(join(tmpdir(), "latchkey-journey-"));
    const story = startProgram("src/cli/main.ts", ["start", "--board", board, "--output", output]);
    const said: string[] = [];
    story.onLine((line) => said.push(line));
    const code = await story.exited;
    expect(code, `${said.join("\n")}\n${story.errors()}`).toBe(0);
    expect(said.join("\n")).toMatch(/release 4 has one flipped bit\s+refused by the unit: RELEASE_SIGNATURE/);
  },
  400_000,
);
