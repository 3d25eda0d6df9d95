/** `firmware build` where there is no toolchain: root gets it by one apt line, others are told that line. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";

const LINE = /apt-get install -y --no-install-recommends gcc-arm-none-eabi .*qemu-system-arm/;
const folder = mkdtempSync(join(tmpdir(), "latchkey-path-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a build without toolchain asks apt for it as root only, and says the one line when it is still missing", async () => {
  const asked = join(folder, "asked");
  // A PATH with nothing but node, a shell and an apt-get that writes down what it was asked for.
  for (const program of ["sh", "setpriv"]) {
    symlinkSync(spawnSync("which", [program], { encoding: "utf8" }).stdout.trim(), join(folder, program));
  }
  symlinkSync(process.execPath, join(folder, "node"));
  writeFileSync(join(folder, "apt-get"), `#!/bin/sh\necho "$DEBIAN_FRONTEND apt-get $*" >> ${asked}\n`);
  chmodSync(join(folder, "apt-get"), 0o755);
  const { PATH } = process.env;
  process.env.PATH = folder;
  try {
    const build = startProgram("src/cli/main.ts", ["firmware", "build", "--board", "qemu-mps2"]);
    expect(await build.exited).toBe(1);
    expect(build.errors()).toMatch(LINE);
  } finally {
    process.env.PATH = PATH;
  }
  const isRoot = process.getuid?.() === 0;
  expect(existsSync(asked)).toBe(isRoot);
  if (isRoot) expect(readFileSync(asked, "utf8")).toMatch(new RegExp(`^noninteractive ${LINE.source}`));
});
