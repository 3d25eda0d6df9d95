/** Builds radio-check.c for this machine and runs it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let built: string | undefined;

function build(): string {
  const program = join(mkdtempSync(join(tmpdir(), "latchkey-radio-check-")), "radio-check");
  const chips = ["linux/scan", "linux/dot11", "data-frame"].map((name) => `firmware/chips/${name}.c`);
  const sources = ["test/linux/radio-check.c", ...chips];
  execFileSync("gcc", ["-D_GNU_SOURCE", "-fsanitize=address,undefined", "-Ifirmware", "-o", program, ...sources]);
  return program;
}

/** @returns Its lines. */
export function radioCheck(what: "scan" | "frames", input: Uint8Array): readonly string[] {
  built ??= build();
  const said = execFileSync(built, [what], { input, maxBuffer: 1 << 26, encoding: "utf8" });
  return said.split("\n").filter(Boolean);
}
