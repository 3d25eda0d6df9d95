/** musl for another processor: Debian's package for it, unpacked into the cache. Nothing is installed. */
import { execFileSync } from "node:child_process";
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
import { openApt } from "./apt-fetch.ts";
import { cacheFolder } from "./cache-folder.ts";

/** Whose programs are in it, and by which release the cached copy goes. */
const SUITE = "bookworm";

export interface MuslTarget {
  /** Debian's name of the processor. */
  readonly architecture: string;
  /** Where the package keeps libraries and headers: below usr/lib and usr/include. */
  readonly folder: string;
}

/**
 * Fetches it once a machine.
 * @returns The file that tells a cross compiler to use it in place of glibc (`-specs=`).
 * @throws BuildStop when apt can't fetch it.
 */
export function muslSpecs({ architecture, folder }: MuslTarget): string {
  const place = join(cacheFolder(), `musl-${SUITE}-${architecture}`);
  const specs = join(place, "usr/lib", folder, "musl-gcc.specs");
  if (existsSync(specs)) return specs;
  mkdirSync(cacheFolder(), { recursive: true });
  const draft = mkdtempSync(join(cacheFolder(), "musl-"));
  try {
    const apt = openApt(draft, { kind: "deb", suites: [SUITE], architecture });
    apt.get("download", "musl-dev");
    const [file = ""] = readdirSync(apt.folder);
    execFileSync("dpkg-deb", ["-x", join(apt.folder, file), join(draft, "root")]);
    const drafted = join(draft, "root/usr/lib", folder, "musl-gcc.specs");
    // It was written for a package that lies in /.
    const text = readFileSync(drafted, "utf8");
    writeFileSync(drafted, text.replaceAll(/\/usr\/(?=lib\/|include\/)/g, `${place}/usr/`));
    if (!existsSync(place)) renameSync(join(draft, "root"), place);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return specs;
}
