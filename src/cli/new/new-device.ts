/** A maker's new repository: what stands in it, and how it is written without touching anything that is there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { parseFlashConfig } from "#factory/config.ts";
import { readText, writeWhole } from "#trust/host/files.ts";
import { lifeOf } from "./life.ts";
import { STARTERS, type StarterName } from "./starters.ts";

interface NewDevice {
  /** Lower-case letters, digits and hyphens. */
  readonly product: string;
  /** The maker's domain; links on label and card begin with it. */
  readonly maker: string;
  /** A folder of boards/. */
  readonly board: string;
  /** What its app starts as. */
  readonly starter: StarterName;
  /** Host of the maker's cloud; undefined for units that have none. */
  readonly cloud: string | undefined;
}

const TEMPLATE = join(PACKAGE_FOLDER, "packages/template");
/** Where a cloud listens by itself: `latchkey cloud`. */
const PORTS = { mqttPort: 18_830, httpPort: 18_831 } as const;

/** A product's name made of a folder's, as far as there is one in it. */
export function productOf(folder: string): string {
  const ascii = basename(folder).normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return ascii
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 32);
}

interface OwnManifest {
  readonly version: string;
  /** Versions of what only a maker's tests need. */
  readonly starter?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifestOf(product: string): object {
  const own = JSON.parse(readText(join(PACKAGE_FOLDER, "package.json"))) as OwnManifest;
  const { vitest } = own.starter ?? own.devDependencies ?? {};
  return {
    ...{ name: product, version: "0.0.0", private: true, type: "module" },
    scripts: { test: "vitest run", types: "tsc", latchkey: "latchkey" },
    devDependencies: { latchkey: own.version, typescript: own.dependencies.typescript, vitest },
  };
}

function configOf({ product, maker, board, cloud }: NewDevice): object {
  return {
    $schema: "./node_modules/latchkey/flash.config.schema.json",
    ...{ product, fleet: product, app: "src/app.ts", board, hardwareRevision: 1, maker },
    // Without a cloud it is the owner's phone that delivers updates.
    ...(cloud === undefined ? { cards: "all" } : { cloud: { host: cloud, ...PORTS, broker: `${product}-cloud` } }),
    ...{ keys: "keys", output: "out" },
  };
}

/** The texts of all files below a folder, by their paths from another. */
function textsIn(folder: string, from: string): readonly (readonly [path: string, text: string])[] {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).map((path) => join(folder, path));
  return paths
    .filter((path) => !statSync(path).isDirectory())
    .map((path) => [relative(from, path), readFileSync(path, "utf8")] as const);
}

/** Every file of the new repository, by its path. */
function filesOf(device: NewDevice): ReadonlyMap<string, string> {
  const { product, cloud, starter, board } = device;
  const { about } = STARTERS[starter];
  const values: Readonly<Record<string, string>> = {
    ...{ product, about },
    ...lifeOf(product, board, cloud !== undefined),
  };
  const app = join(PACKAGE_FOLDER, "examples", starter);
  const files = new Map(["src", "test"].flatMap((folder) => textsIn(join(app, folder), app)));
  for (const [path, template] of textsIn(TEMPLATE, TEMPLATE)) {
    const text = template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
    files.set(path === "gitignore" ? ".gitignore" : path, text);
  }
  files.set("package.json", `${JSON.stringify(manifestOf(product), null, 2)}\n`);
  files.set("flash.config.json", `${JSON.stringify(configOf(device), null, 2)}\n`);
  return files;
}

/**
 * Writes the repository.
 * @param folder Is made; where it is there, it must be empty, a git folder aside.
 * @throws CliTrouble, and then nothing was written; ConfigError for a product or maker that flash.config.json can't hold
 */
export function writeNewDevice(folder: string, device: NewDevice): void {
  const held = existsSync(folder) ? readdirSync(folder).filter((name) => name !== ".git") : [];
  if (held.length > 0) throw new CliTrouble(`${folder} holds ${held[0]} already; name an empty folder, or a new one`);
  const files = filesOf(device);
  parseFlashConfig(files.get("flash.config.json") ?? "", "the new flash.config.json");
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeWhole(join(folder, path), text);
  }
}
