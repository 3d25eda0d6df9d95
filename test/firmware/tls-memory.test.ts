/** TLS never takes more memory than its limit: also not when the arena's rounding has already exceeded it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIRMWARE, STRICT } from "#firmware/flags.ts";

test("an allocation above the limit is refused", () => {
  const program = join(mkdtempSync(join(tmpdir(), "latchkey-check-")), "check");
  const sources = ["test/firmware/tls-memory-check.c", join(FIRMWARE, "tls/memory.c")];
  execFileSync("gcc", ["-std=gnu11", ...STRICT, `-I${FIRMWARE}`, ...sources, "-o", program]);
  expect(execFileSync(program, { encoding: "utf8" }).trim().split("\n")).toEqual([
    "the whole limit given",
    "in use above the limit",
    "one more byte refused",
    "a megabyte more refused",
    "a product that overflows refused",
    "a byte above the limit refused",
    "a little given",
  ]);
});
