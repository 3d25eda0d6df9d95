/** When a unit gives out random bytes, its flash holds no seed but the next one: wherever the power failed before. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { FIRMWARE, STRICT, sodiumFlags } from "#firmware/flags.ts";
import { thirdParty } from "#firmware/third-party.ts";
import { entropyRecord } from "#wire/flash/entropy-record.ts";

const RECORD_BYTES = 40;
const SEED_AT = 4;
const NEVER = 1_000_000;
const STARTS = 230;

const folder = mkdtempSync(join(tmpdir(), "latchkey-entropy-"));
const program = join(folder, "check");
const flashPath = join(folder, "flash.bin");

beforeAll(() => {
  const tree = thirdParty().libsodium ?? "";
  const sodium = ["crypto_hash/sha512/cp/hash_sha512_cp", "crypto_stream/chacha20/stream_chacha20"];
  const more = ["crypto_stream/chacha20/ref/chacha20_ref"];
  const sources = [
    ...["test/firmware/entropy-check.c", join(FIRMWARE, "port/entropy.c"), join(FIRMWARE, "port/crc32.c")],
    ...[join(FIRMWARE, "port/sodium-base.c")],
    ...[...sodium, ...more].map((name) => join(tree, "src/libsodium", `${name}.c`)),
  ];
  const flags = sodiumFlags(tree).map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem"));
  const isOurs = (source: string) => !source.startsWith(tree);
  const objects = sources.map((source, i) => {
    const object = join(folder, `${i}.o`);
    const warnings = isOurs(source) ? STRICT : ["-w"];
    const all = [
      "-std=gnu11",
      ...warnings,
      `-I${FIRMWARE}`,
      ...flags,
      "-DREGION_ENTROPY_START=0u",
      "-DFLASH_WRITE_BYTES=1u",
      "-c",
      source,
    ];
    execFileSync("gcc", [...all, "-o", object]);
    return object;
  });
  execFileSync("gcc", [...objects, "-o", program]);
});

function provision(): void {
  const flash = new Uint8Array(8192).fill(0xff);
  flash.set(entropyRecord(new Uint8Array(32).fill(7)));
  writeFileSync(flashPath, flash);
}

/** @returns What the start gave. @param writes After how many writes and erases the power fails. */
const start = (isOnce: boolean, writes = NEVER) =>
  execFileSync(program, [flashPath, String(writes), isOnce ? "1" : "0"], { encoding: "utf8" });

/** The seeds in flash that were not overwritten. */
function seedsInFlash(): number {
  const flash = new Uint8Array(readFileSync(flashPath));
  let seeds = 0;
  for (let sector = 0; sector < flash.length; sector += 4096) {
    for (let at = sector; at + RECORD_BYTES <= sector + 4096; at += RECORD_BYTES) {
      const seed = flash.subarray(at + SEED_AT, at + SEED_AT + 32);
      if (seed.some((byte) => byte !== 0) && seed.some((byte) => byte !== 0xff)) seeds++;
    }
  }
  return seeds;
}

const KINDS = [
  ["flash that can be overwritten", false],
  ["flash whose words can be written only once", true],
] as const;

test.each(KINDS)("%s holds one seed after every start, and no two starts give the same", (_, isOnce) => {
  provision();
  const given = new Set<string>();
  for (let i = 0; i < STARTS; i++) {
    const bytes = start(isOnce);
    expect(bytes).toMatch(/^[0-9a-f]{32}$/);
    expect(seedsInFlash(), `after start ${i}`).toBe(1);
    given.add(bytes);
  }
  expect(given.size).toBe(STARTS);
});

test.each(KINDS)("%s holds one seed after a start that follows a power cut", (_, isOnce) => {
  for (let writes = 0; writes < 6; writes++) {
    provision();
    const first = start(isOnce);
    const cut = start(isOnce, writes);
    const second = start(isOnce);
    expect(second).toMatch(/^[0-9a-f]{32}$/);
    expect(seedsInFlash(), `the power failed after ${writes} writes`).toBe(1);
    const given = [first, cut, second].filter((bytes) => bytes !== "");
    expect(new Set(given).size).toBe(given.length);
  }
});
