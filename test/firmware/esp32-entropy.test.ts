/** The ESP32's random source, which asks the chip's own generator: compiled for this machine, over a generator of the test's. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { FIRMWARE, sodiumFlags } from "#firmware/flags.ts";
import { thirdParty } from "#firmware/third-party.ts";

const program = join(mkdtempSync(join(tmpdir(), "latchkey-esp32-entropy-")), "check");

beforeAll(() => {
  const tree = thirdParty().libsodium ?? "";
  const sodium = [
    "hash/sha512/cp/hash_sha512_cp",
    "stream/chacha20/stream_chacha20",
    "stream/chacha20/ref/chacha20_ref",
  ];
  const sources = [
    ...["test/firmware/esp32-entropy-check.c", join(FIRMWARE, "chips/esp32/entropy.c")],
    ...[join(FIRMWARE, "port/sodium-base.c")],
    ...sodium.map((name) => join(tree, `src/libsodium/crypto_${name}.c`)),
  ];
  const built = spawnSync(
    "gcc",
    ["-std=gnu11", "-w", "-DFLASH_WRITE_BYTES=1u", `-I${FIRMWARE}`, ...sodiumFlags(tree), ...sources, "-o", program],
    { encoding: "utf8" },
  );
  if (built.status !== 0) throw new Error(built.stderr);
}, 120_000);

/** @returns The draws. */
function drawn(hasRadio: boolean, word: number, step: number) {
  const { stdout, stderr } = spawnSync(program, [hasRadio ? "1" : "0", `${word}`, `${step}`], { encoding: "utf8" });
  return { draws: stdout.split("\n").filter((line) => line !== ""), stderr };
}

test("without the radio no number is given out, and the console says why", () => {
  expect(drawn(false, 1, 12_345)).toEqual({ draws: [], stderr: "latchkey: no radio, so no random numbers\n" });
});

test("two draws differ, even over a generator that got stuck, and never show what it gave", () => {
  const { draws } = drawn(true, 0x11223344, 0);
  expect(draws).toHaveLength(2);
  expect(draws[0]).not.toBe(draws[1]);
  for (const draw of draws) expect(draw).not.toMatch(/11223344|44332211/);
});

test("other noise gives other numbers", () => {
  expect(drawn(true, 1, 12_345).draws).not.toEqual(drawn(true, 2, 12_345).draws);
});
