import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createFlashFile, openFlashFile } from "#boards/sim/host/flash-file.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { remember } from "#phone/memory.ts";
import { createKeyFile, readKeyFile } from "#trust/host/key-file.ts";
import { createSecretFile, readSecretFile, replaceSecretFile } from "#trust/host/secret-file.ts";

const root = mkdtempSync(join(tmpdir(), "latchkey-secret-file-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let path: string;
let number = 0;
beforeEach(() => {
  path = join(root, String(number++), "a.key");
});

const modeOf = (file: string) => statSync(file).mode & 0o777;
const WRITER = builtPath("test/trust/secret-file-process.ts");
/** Writes a secret in another process that may write no byte to a file, as on a full disk. */
const withoutSpace = (how: "create" | "replace", secret: string) =>
  spawnSync("bash", ["-c", 'ulimit -f 0; exec "$@"', "bash", process.execPath, WRITER, how, path, secret], {
    encoding: "utf8",
  });

describe("a secret's file", () => {
  it("never shows half of it: a disk without space leaves no file, and the next try works", () => {
    expect(withoutSpace("create", "s".repeat(100_000)).stderr).toContain("EFBIG");
    expect(existsSync(path)).toBe(false);
    createSecretFile(path, "whole");
    expect(withoutSpace("replace", "s".repeat(100_000)).stderr).toContain("EFBIG");
    expect(readSecretFile(path)).toBe("whole");
    replaceSecretFile(path, "next");
    expect([readSecretFile(path), readdirSync(join(path, ".."))]).toEqual(["next", ["a.key"]]);
  });

  it("has mode 600, whatever stood in the temporary file's place and whatever the process's mask is", () => {
    createSecretFile(path, "first");
    const victim = join(root, "victim");
    writeFileSync(victim, "untouched");
    for (const left of [`${path}.new`, `${path}.new-${process.pid}`, `${path}.new-4194305`]) {
      rmSync(left, { force: true });
      symlinkSync(victim, left);
    }
    const mask = process.umask(0);
    replaceSecretFile(path, "second");
    process.umask(mask);
    expect([readSecretFile(path), modeOf(path), readFileSync(victim, "utf8")]).toEqual(["second", 0o600, "untouched"]);
    expect(readdirSync(join(path, ".."))).toEqual(["a.key"]);
  });

  it("is never overwritten by accident, not even by two who create it at once", () => {
    createSecretFile(path, "first");
    expect(() => createSecretFile(path, "second")).toThrow(/is there already and is never overwritten/);
    expect(readSecretFile(path)).toBe("first");
    const race = join(root, "race.key");
    const both = spawnSync(
      "bash",
      ["-c", '"$@" 1 & "$@" 2 & wait -n; a=$?; wait -n; echo $a $?', "bash", process.execPath, WRITER, "create", race],
      { encoding: "utf8" },
    );
    expect(both.stdout.trim().split(" ").sort()).toEqual(["0", "1"]);
    expect(readSecretFile(race)).toMatch(/^\d+$/);
  });

  it("is not read when others may read it, or when it is a link or a folder", () => {
    createSecretFile(path, "secret");
    chmodSync(path, 0o644);
    expect(() => readSecretFile(path)).toThrow(/others may read .*chmod 600/);
    chmodSync(path, 0o600);
    symlinkSync(path, `${path}-link`);
    expect(() => readSecretFile(`${path}-link`)).toThrow(/is a symbolic link/);
    expect(() => readSecretFile(root)).toThrow(/is not a file/);
  });
});

describe("everything that holds a key is such a file:", () => {
  it("a key file, a phone's memory, and a simulated unit's flash", () => {
    for (const left of [".new", ".new-4194305"]) {
      createSecretFile(`${path}${left}`, "half");
      chmodSync(`${path}${left}`, 0o666);
    }
    const { seed } = createKeyFile(path, "release");
    expect([modeOf(path), readKeyFile(path, "release").seed]).toEqual([0o600, seed]);
    const memory = join(path, "..", "memory.json");
    remember(memory, "00", { host: "127.0.0.1", port: 1, lastCounter: 0 });
    const flash = join(path, "..", "unit.flash");
    const geometry = { bytes: 8_192, sectorBytes: 4_096, writeBytes: 1 };
    createFlashFile(flash, geometry);
    openFlashFile(flash, geometry).close();
    expect([modeOf(memory), modeOf(flash)]).toEqual([0o600, 0o600]);
    expect(readdirSync(join(path, "..")).filter((name) => name.includes(".new"))).toEqual([]);
  });
});
