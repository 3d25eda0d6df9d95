/** Copies of the stores under test/vectors/stores, which an earlier version wrote, in a folder of their own. */
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const VECTORS = "test/vectors/stores";

export interface OldUnit {
  readonly id: string;
  /** Text of the label's code. */
  readonly label: string;
  /** Text of the card's code. */
  readonly card: string;
}

export const OLD_UNITS = JSON.parse(readFileSync(join(VECTORS, "units.json"), "utf8")) as {
  readonly onboarded: OldUnit;
  readonly shelved: OldUnit;
};

/** The network that the onboarded unit knows. */
export const OLD_HOME = { ssid: "Home", passphrase: "correct horse" } as const;

export interface OldStores {
  /** Path of a file or folder of the copy; a packed file is named without its `.gz`. */
  path(name: string): string;
  remove(): void;
}

function unpackIn(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) unpackIn(path);
    else if (entry.name.endsWith(".gz")) writeFileSync(path.slice(0, -3), gunzipSync(readFileSync(path)));
    // Git keeps no mode 600, and a key file that others may read is refused.
    else if (/\.key(\.old-\d+)?$/.test(entry.name)) chmodSync(path, 0o600);
  }
}

/** Copies everything. */
export function copyOldStores(): OldStores {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-old-stores-"));
  cpSync(VECTORS, folder, { recursive: true });
  unpackIn(folder);
  return {
    path(name) {
      const path = join(folder, name);
      if (!existsSync(path)) throw new Error(`test/vectors/stores holds no ${name}`);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
