/** Runs Frama-C's Eva over the boot stage, and reads its alarms. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";

export const exec = promisify(execFile);
const HERE = "test/models/boot";
export const BOOT = ["cbor", "signed", "settings", "record-log", "journal", "decide", "slot", "recover", "main"].map(
  (name) => `boot/${name}.c`,
);

/** A small flash with the regions of a board. */
export function macros(): readonly string[] {
  const region = (name: string, start: number, bytes: number) => [
    `-DREGION_${name}_START=${start}u`,
    `-DREGION_${name}_BYTES=${bytes}u`,
  ];
  return [
    ...["SETTINGS", "JOURNAL", "AUDIT"].flatMap((name, i) => region(name, i * 8192, 8192)),
    ...["NATIVEA", "NATIVEB", "JSA", "JSB"].flatMap((name, i) => region(name, 24_576 + i * 12_288, 12_288)),
    ...["-DFLASH_WRITE_BYTES=1u", "-DIMAGE_ADDRESS=0x20000000u", "-DEVA_FLASH_BYTES=0x12000u"],
  ];
}

type Edit = (text: string) => string;

/** A copy of the firmware's own sources with some of them changed; its path. The caller removes it. */
export function editedFirmware(edits: ReadonlyMap<string, Edit>): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-eva-"));
  for (const part of ["boot", "chips", "main", "port"])
    cpSync(`firmware/${part}`, join(folder, part), { recursive: true });
  for (const [path, edit] of edits) {
    const before = readFileSync(join(folder, path), "utf8");
    const after = edit(before);
    if (after === before) throw new Error(`${path} is not changed by its edit`);
    writeFileSync(join(folder, path), after);
  }
  return folder;
}

/** @returns Each alarm once, as `file function property`, sorted; those of the C library stand where it is called. */
export async function alarmsOf(
  sources: readonly string[],
  options: readonly string[] = [],
  more: readonly string[] = [],
  root = "firmware",
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-eva-"));
  const csv = join(folder, "alarms.csv");
  for (const name of ["crypto_hash_sha256", "crypto_sign_ed25519"]) {
    writeFileSync(join(folder, `${name}.h`), `#include "${resolve(HERE, "libsodium-shapes.h")}"\n`);
  }
  const include = ["-I.", `-I${folder}`, ...macros(), ...more].join(" ");
  try {
    const { stdout } = await exec(
      "frama-c",
      [
        ...["-machdep", "gcc_x86_32", `-cpp-extra-args=${include}`, ...sources, resolve(HERE, "bed.c")],
        ...["-absolute-valid-range", "0x20000000-0x20010000"],
        ...["-eva", "-eva-precision", "2", "-eva-unroll-recursive-calls", "10", "-eva-no-show-progress", ...options],
        ...["-then", "-report-csv", csv, "-report-no-proven"],
      ],
      // Frama-C believes PWD more than the folder that it stands in.
      { cwd: root, env: { ...process.env, PWD: resolve(root) }, maxBuffer: 64 << 20 },
    );
    if (!/ANALYSIS SUMMARY/.test(stdout)) throw new Error(stdout.slice(-2_000));
    const rows = readFileSync(csv, "utf8").trim().split("\n").slice(1);
    const alarms = rows.map((row) => row.split("\t")).filter(([, file]) => file !== "string.h");
    return [...new Set(alarms.map((row) => `${basename(row[1] ?? "")} ${row[3]} ${row[6]}`))].sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
