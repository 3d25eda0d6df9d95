/** Debian's kernel, its modules and busybox for another processor: downloaded by apt once a machine, unpacked below the cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { openApt } from "#firmware/apt-fetch.ts";
import { BuildStop } from "#firmware/build-stop.ts";
import { cacheFolder } from "#firmware/cache-folder.ts";

const SUITE = "bookworm";

export interface ArmKernel {
  /** Debian's name of the processor. */
  readonly architecture: "arm64" | "armhf" | "amd64";
  /** The package that depends on the newest kernel. */
  readonly kernel: string;
}

/** @returns A folder with what the packages hold. @throws BuildStop in one line when apt can't fetch them. */
export function armFiles({ architecture, kernel }: ArmKernel): string {
  const place = join(cacheFolder(), `arm-guest-${SUITE}-${kernel}`);
  if (existsSync(place)) return place;
  mkdirSync(cacheFolder(), { recursive: true });
  const draft = mkdtempSync(join(cacheFolder(), "arm-guest-"));
  try {
    const apt = openApt(draft, { kind: "deb", suites: [SUITE], architecture });
    const newest = /Depends: (linux-image-\S+)/.exec(apt.cache("depends", kernel))?.[1];
    if (newest === undefined) throw new BuildStop(`apt knows no kernel behind ${kernel}; run: apt-get update`);
    apt.get("download", newest, "busybox-static");
    const root = join(draft, "root");
    for (const name of readdirSync(apt.folder)) execFileSync("dpkg-deb", ["-x", join(apt.folder, name), root]);
    if (!existsSync(place)) renameSync(root, place);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return place;
}

/** The only file of a folder whose name starts so. */
export function fileIn(folder: string, start: string): string {
  const name = readdirSync(folder).find((each) => each.startsWith(start));
  if (name === undefined) throw new Error(`${folder} has no ${start}*`);
  return join(folder, name);
}

/** Modules by their names with all that they need, in the order in which they load. Those that the kernel holds are left out. */
export function modulesOf(place: string, names: readonly string[]): readonly { name: string; bytes: Uint8Array }[] {
  const folder = fileIn(join(place, "lib/modules"), "");
  const all = new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ko"))
      .map((path) => [basename(path, ".ko").replaceAll("-", "_"), join(folder, path)]),
  );
  const ordered = new Map<string, Uint8Array>();
  function add(name: string): void {
    const path = all.get(name);
    if (path === undefined || ordered.has(name)) return;
    const bytes = readFileSync(path);
    for (const need of needsOf(bytes)) add(need);
    ordered.set(name, bytes);
  }
  for (const name of names) add(name);
  return [...ordered].map(([name, bytes]) => ({ name, bytes }));
}

/** What a module says of itself in its section .modinfo: `depends=a,b`, then a zero. */
function needsOf(module: Buffer): readonly string[] {
  const at = module.indexOf("\0depends=");
  if (at < 0) return [];
  const start = at + "\0depends=".length;
  const text = module.toString("latin1", start, module.indexOf(0, start));
  return text
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.replaceAll("-", "_"));
}
