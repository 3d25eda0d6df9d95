/** Downloads from the Debian mirrors of this machine, on lists and a cache of their own: nothing of the machine's changes, and no root is needed. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildStop } from "./build-stop.ts";

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

interface AptLists {
  readonly kind: "deb" | "deb-src";
  readonly suites: readonly string[];
  /** Debian's name of the processor, when it is another one than this machine's. */
  readonly architecture?: string;
}

interface Apt {
  /** Where what is downloaded appears. */
  readonly folder: string;
  /** Runs apt-get there. @param words What it is told, package names last. @throws BuildStop in one line when it fails. */
  get(...words: readonly string[]): void;
  /** @returns What apt-cache says. */
  cache(...words: readonly string[]): string;
}

/** Reads the lists of a suite into `folder`. @throws BuildStop when no mirror can be reached. */
export function openApt(folder: string, { kind, suites, architecture }: AptLists): Apt {
  const uris = mirrors();
  if (uris.length === 0) throw new BuildStop("apt knows no Debian mirror; add one to /etc/apt/sources.list.d");
  const signedBy = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : "";
  const stanzas = uris.map(
    (uri) => `Types: ${kind}\nURIs: ${uri}\nSuites: ${suites.join(" ")}\nComponents: main\n${signedBy}`,
  );
  writeFileSync(join(folder, "latchkey.sources"), stanzas.join("\n"));
  for (const part of ["lists/partial", "cache/archives/partial", "got"])
    mkdirSync(join(folder, part), { recursive: true });
  const foreign = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    "Dir::State::status=/dev/null",
  ];
  const options = [
    `Dir::Etc::sourcelist=${folder}/latchkey.sources`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    "APT::Sandbox::User=root",
    ...(architecture === undefined ? [] : foreign),
  ].flatMap((option) => ["-o", option]);
  const got = join(folder, "got");
  function get(...words: readonly string[]): void {
    const run = spawnSync("apt-get", ["-q", ...options, ...words], { cwd: got, encoding: "utf8" });
    if (run.status === 0) return;
    const last = (run.stderr ?? String(run.error)).trim().split("\n").at(-1);
    const names = words.filter((word, i) => i > 0 && !word.startsWith("-")).map((word) => word.split("/")[0]);
    const what = names.length === 0 ? "its lists" : names.join(", ");
    throw new BuildStop(`apt could not fetch ${what}: ${last}; check the network and try again`);
  }
  get("update");
  return {
    folder: got,
    get,
    cache: (...words) => execFileSync("apt-cache", [...options, ...words], { encoding: "utf8" }),
  };
}
