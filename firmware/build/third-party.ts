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
import { join } from "node:path";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { openApt } from "./apt-fetch.ts";
import { BuildStop } from "./build-stop.ts";
import { cacheFolder } from "./cache-folder.ts";

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

export const THIRD_PARTY: ThirdParty = JSON.parse(
  readFileSync(join(PACKAGE_FOLDER, "firmware/third-party.json"), "utf8"),
) as ThirdParty;

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function holds(path: string, source: Source): boolean {
  return existsSync(path) && sha256(readFileSync(path)) === source.sha256;
}

/** Fetches tarballs of source packages into `folder`/got. */
function fetchSources(folder: string, names: readonly string[]): void {
  const suites = [...new Set(names.map((name) => THIRD_PARTY.sources[name]?.suite ?? ""))];
  const packages = names.map((name) => `${name}/${THIRD_PARTY.sources[name]?.suite}`);
  openApt(folder, { kind: "deb-src", suites }).get("source", "--download-only", "--tar-only", ...packages);
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
      fetchSources(folder, missing);
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
