/**
 * Other people's sources, as firmware/third-party.json pins them: fetched through apt's own source mechanism from the
 * mirror this machine is set up for, checked against the pinned SHA-256, unpacked once a machine. Needs no root.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";

/** A text that stands there once, or all `times` matches of a pattern, with $1 and so on in what replaces it. */
type Edit = { readonly why: string; readonly file: string; readonly replace: string } & (
  | { readonly find: string }
  | { readonly pattern: string; readonly times: number }
);

interface Source {
  readonly version: string;
  readonly license: string;
  /** The Debian suite whose source package carries this upstream tarball. */
  readonly suite: string;
  readonly tarball: string;
  readonly sha256: string;
  readonly edits: readonly Edit[];
}

interface ThirdParty {
  /** Debian packages that building and booting need. */
  readonly debian: readonly string[];
  /** Libraries of the compiler that images link, each from one of those packages. */
  readonly linked: Readonly<Record<string, { readonly package: string; readonly license: string }>>;
  readonly sources: Readonly<Record<string, Source>>;
}

/** What can't go on, in one line that says what to do. */
export class BuildStop extends Error {
  override name = "BuildStop";
}

export const THIRD_PARTY: ThirdParty = JSON.parse(
  readFileSync(join(PACKAGE_FOLDER, "firmware/third-party.json"), "utf8"),
) as ThirdParty;

/** Shared between clones, so that a fresh one downloads and compiles nothing that this machine has seen. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "latchkey");
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function holds(path: string, source: Source): boolean {
  return existsSync(path) && sha256(readFileSync(path)) === source.sha256;
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The Debian mirrors that apt is set up with on this machine. */
function mirrors(): readonly string[] {
  const listed = execFileSync("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI)",
    "Created-By: Packages",
  ]).toString();
  return [...new Set(listed.trim().split("\n"))].filter((uri) => /\/debian\/?$/.test(uri));
}

/** Runs apt on lists and a cache of its own below `folder`, so that nothing of the machine's changes. */
function aptFetch(folder: string, names: readonly string[]): void {
  const suites = [...new Set(names.map((name) => THIRD_PARTY.sources[name]?.suite))].join(" ");
  const uris = mirrors();
  if (uris.length === 0) throw new BuildStop("apt knows no Debian mirror; add one to /etc/apt/sources.list.d");
  const signedBy = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : "";
  const stanzas = uris.map((uri) => `Types: deb-src\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n${signedBy}`);
  writeFileSync(join(folder, "latchkey.sources"), stanzas.join("\n"));
  for (const part of ["lists/partial", "cache/archives/partial", "got"])
    mkdirSync(join(folder, part), { recursive: true });
  const options = [
    `Dir::Etc::sourcelist=${folder}/latchkey.sources`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  const apt = (...args: string[]) => {
    const run = spawnSync("apt-get", ["-q", ...options, ...args], { cwd: join(folder, "got"), encoding: "utf8" });
    if (run.status === 0) return;
    const last = (run.stderr ?? String(run.error)).trim().split("\n").at(-1);
    throw new BuildStop(`apt could not fetch ${names.join(", ")}: ${last}; check the network and try again`);
  };
  apt("update");
  apt("source", "--download-only", "--tar-only", ...names.map((name) => `${name}/${THIRD_PARTY.sources[name]?.suite}`));
}

function edited(text: string, edit: Edit): string {
  const found = "find" in edit ? text.split(edit.find) : [...text.matchAll(new RegExp(edit.pattern, "g")), ""];
  const times = "find" in edit ? 1 : edit.times;
  if (found.length - 1 !== times)
    throw new BuildStop(`${edit.file}: the text to edit is there ${found.length - 1} times, not ${times}: ${edit.why}`);
  return "find" in edit ? found.join(edit.replace) : text.replaceAll(new RegExp(edit.pattern, "g"), edit.replace);
}

function unpack(archive: string, source: Source, into: string): void {
  const folder = mkdtempSync(join(cacheFolder(), "unpack-"));
  execFileSync("tar", ["xf", archive, "-C", folder]);
  const top = readdirSync(folder)[0] ?? "";
  for (const edit of source.edits) {
    const path = join(folder, top, edit.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, edited(text, edit));
  }
  if (!existsSync(into)) renameSync(join(folder, top), into);
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Gives the folder of each source's unpacked and edited tree, by name; fetches what isn't cached.
 * @throws BuildStop when apt isn't there, the mirror can't be reached, or a tarball isn't the pinned one.
 */
export function thirdParty(): Readonly<Record<string, string>> {
  const archives = join(cacheFolder(), "third-party");
  mkdirSync(archives, { recursive: true });
  const entries = Object.entries(THIRD_PARTY.sources);
  const missing = entries.filter(([, source]) => !holds(join(archives, source.tarball), source)).map(([name]) => name);
  if (missing.length > 0) {
    if (spawnSync("apt-get", ["--version"]).status !== 0) {
      throw new BuildStop(
        `needs apt to fetch ${missing.join(", ")}, or the tarballs of third-party.json in ${archives}`,
      );
    }
    const folder = mkdtempSync(join(cacheFolder(), "apt-"));
    try {
      aptFetch(folder, missing);
      for (const name of missing) {
        const source = THIRD_PARTY.sources[name] as Source;
        const got = join(folder, "got", source.tarball);
        if (!holds(got, source))
          throw new BuildStop(`${source.tarball} is not the pinned one (SHA-256); nothing is built`);
        renameSync(got, join(archives, source.tarball));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return Object.fromEntries(
    entries.map(([name, source]) => {
      const into = join(archives, `${name}-${sha256(JSON.stringify(source)).slice(0, 12)}`);
      if (!existsSync(into)) unpack(join(archives, source.tarball), source, into);
      return [name, into];
    }),
  );
}
