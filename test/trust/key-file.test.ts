import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { createKeyFile, ensureKeyFile, readKeyFile } from "#trust/host/key-file.ts";

const fresh = () => join(mkdtempSync(join(tmpdir(), "latchkey-key-")), "folder", "issuer.key");

test("a key that was made is read back, by its owner alone", () => {
  const path = fresh();
  const made = createKeyFile(path, "issuer");
  expect(readKeyFile(path, "issuer")).toEqual(made);
  expect(ensureKeyFile(path, "issuer")).toEqual(made);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => createKeyFile(path, "issuer")).toThrow(/never overwritten/);
});

test.each([
  ["another role's", () => undefined, "root", /holds a key for "issuer"/],
  ["one that others may read", (path: string) => chmodSync(path, 0o644), "issuer", /chmod 600/],
  [
    "a damaged one",
    (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace(/"seed":"./, '"seed":"x')),
    "issuer",
    /damaged/,
  ],
  [
    "a truncated one",
    (path: string) => writeFileSync(path, readFileSync(path, "utf8").slice(0, 40)),
    "issuer",
    /no key file/,
  ],
] as const)("%s is refused without a word of the key", (_, damage, role, message) => {
  const path = fresh();
  const { seed } = createKeyFile(path, "issuer");
  damage(path);
  expect(() => readKeyFile(path, role)).toThrow(message);
  try {
    readKeyFile(path, role);
  } catch (error) {
    expect((error as Error).message).not.toContain(toHex(seed).slice(0, 8));
  }
});

test("a missing one is named with the command that makes it", () => {
  expect(() => readKeyFile("/nowhere/root.key", "root")).toThrow(/latchkey keys new root/);
});
