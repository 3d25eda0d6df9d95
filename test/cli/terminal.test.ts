/** Progress is shown in place on a terminal that understands it, and on no other. */
import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const ESCAPE = "\u001b";

/** What a verb that shows progress writes to a terminal (util-linux's `script` makes one). */
function onTerminal(env: Readonly<Record<string, string>>): string {
  const verb = "node bin/latchkey.mjs phone onboard --ssid Home --protocol esptouch-v2 --timeout 1";
  const { stdout } = spawnSync("script", ["-qec", verb, "/dev/null"], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    encoding: "utf8",
  });
  expect(stdout).toMatch(/latchkey: the unit did not answer/);
  return stdout;
}

test("a terminal shows how many packets were sent, in place", () => {
  expect(onTerminal({ TERM: "xterm" })).toContain(`\r${ESCAPE}[K`);
});

test.each([{ TERM: "dumb" }, { TERM: "xterm", NO_COLOR: "1" }])("with %o there is no escape code", (env) => {
  expect(onTerminal(env)).not.toContain(ESCAPE);
});

test("no other file writes escape codes", () => {
  const found = execFileSync("git", [
    "grep",
    "--untracked",
    "-lE",
    String.raw`\\x1b|\\u001b|\\033`,
    "--",
    "src",
    "bin",
    "boards",
  ]);
  expect(found.toString().trim().split("\n")).toEqual(["src/cli/terminal.ts"]);
});
