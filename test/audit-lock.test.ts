/** `npm run audit:lock`: the lock file as it is passes, and each kind of fault that is planted in it is named. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "latchkey-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of ["package.json", "package-lock.json", ".npmrc"]) cpSync(name, join(folder, name));
});

// biome-ignore lint/suspicious/noExplicitAny: a lock file is what it is
type Json = Record<string, any>;

function audit(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/audit-lock.mjs", ...words], {
    encoding: "utf8",
  });
  return { status, stdout, lines: stderr.trim().split("\n") };
}

function change(name: string, edit: (json: Json) => void): void {
  const json = JSON.parse(readFileSync(join(folder, name), "utf8")) as Json;
  edit(json);
  writeFileSync(join(folder, name), JSON.stringify(json));
}

const kysely = (edit: (entry: Json) => void) => () =>
  change("package-lock.json", ({ packages }) => edit(packages["node_modules/kysely"]));

it("accepts the lock file of this repository, and lists its licences", () => {
  expect(audit()).toMatchObject({ status: 0, lines: [""] });
  expect(audit("--licenses").stdout).toMatch(/^MIT: .*\bkysely@\d/m);
});

it.each([
  [
    "a range in place of a version",
    () => change("package.json", (json) => (json.dependencies.kysely = "^0.28.18")),
    /package\.json: kysely is "\^0\.28\.18"/,
  ],
  [
    "a version that is not the locked one",
    () => change("package.json", (json) => (json.dependencies.kysely = "0.28.17")),
    /kysely is locked at .* \(expected 0\.28\.17\)/,
  ],
  ["no integrity", kysely((entry) => delete entry.integrity), /kysely .* has no SHA-512 integrity/],
  [
    "a weak integrity",
    kysely((entry) => (entry.integrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")),
    /kysely .* has no SHA-512 integrity/,
  ],
  [
    "a place of its own",
    kysely((entry) => (entry.resolved = "https://packages.example/kysely.tgz")),
    /kysely .* names where it comes from \(https:\/\/packages\.example/,
  ],
  ["a script", kysely((entry) => (entry.hasInstallScript = true)), /kysely .* runs a script when it is installed/],
  [
    "a licence that is not allowed",
    kysely((entry) => (entry.license = "(MIT AND GPL-3.0-only)")),
    /kysely .* has the licence "\(MIT AND GPL-3\.0-only\)"/,
  ],
  ["no licence", kysely((entry) => delete entry.license), /kysely .* has the licence "none"/],
  ["a link", kysely((entry) => (entry.link = true)), /kysely .* is a link or a folder/],
  [
    "an exception whose licence changed",
    () =>
      change("package-lock.json", ({ packages }) => (packages["node_modules/lightningcss"].license = "GPL-3.0-only")),
    /lightningcss .* has the licence "GPL-3\.0-only"/,
  ],
  [
    "scripts that may run",
    () => writeFileSync(join(folder, ".npmrc"), "fund=false\n"),
    /ignore-scripts=true is missing/,
  ],
  [
    "an old lock file",
    () => change("package-lock.json", (json) => (json.lockfileVersion = 1)),
    /version 1 \(expected 3\)/,
  ],
  ["no lock file", () => rmSync(join(folder, "package-lock.json")), /package-lock\.json can't be read \(ENOENT\)/],
])("refuses %s", (_, plant, line) => {
  plant();
  const { status, lines } = audit(folder);
  expect([status, lines]).toEqual([1, expect.arrayContaining([expect.stringMatching(line)])]);
});

it("accepts a choice of licences of which one is allowed", () => {
  kysely((entry) => (entry.license = "GPL-3.0-only OR (MIT AND ISC)"))();
  expect(audit(folder).status).toBe(0);
});

it("opens no connection", () => {
  expect(readFileSync("bin/audit-lock.mjs", "utf8")).not.toMatch(/node:(http|https|net|tls|dns|child_process)|fetch\(/);
});
