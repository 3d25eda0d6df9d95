/** Memory is set and copied on RV32 as the C library would, for every place in a word, and where what is copied overlaps. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIRMWARE, STRICT } from "#firmware/flags.ts";

test("memory is set, copied and moved by words as by bytes", () => {
  const program = join(mkdtempSync(join(tmpdir(), "latchkey-memory-")), "check");
  const renamed = ["memset", "memcpy", "memmove"].map((name) => `-D${name}=our_${name}`);
  const flags = [
    "-std=gnu11",
    "-O1",
    ...STRICT,
    "-fno-strict-aliasing",
    "-fsanitize=undefined,address",
    "-fno-sanitize-recover=all",
  ];
  const ours = join(FIRMWARE, "chips/riscv/memory.c");
  execFileSync("gcc", [...flags, ...renamed, "-c", ours, "-o", `${program}.o`]);
  execFileSync("gcc", [...flags, "test/firmware/memory-check.c", `${program}.o`, "-o", program]);
  expect(execFileSync(program, { encoding: "utf8" })).toBe("end\n");
});
