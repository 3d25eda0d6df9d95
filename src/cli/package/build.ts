/**
 * Lays out the package `latchkey` in a folder, ready for `npm pack`: built JavaScript, declarations, the unit's sources, native images
 * and licences. And `create-latchkey` beside it. FOLDER [--repository URL] [--kits: with images of ESP32 boards, whose linking takes minutes]
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { hasModels } from "#base/board-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { missingForEsp32 } from "#firmware/esp32-tools.ts";
import { buildBoot, buildRuntime, imagePaths } from "#firmware/image.ts";
import { ESP32_BOARDS, FIRMWARE_BOARDS, LINUX_BOARDS } from "#firmware/layout.ts";
import { licenseTexts } from "#firmware/licenses.ts";
import { canBuild } from "#firmware/linux.ts";
import { buildPage } from "#web/host/build-page.ts";
import { readyPaths } from "#web/host/ready-page.ts";
import {
  BUILD_PACKAGES,
  ENTRIES,
  type Entry,
  FILES,
  IMAGES,
  KIT_FILES,
  MODELLED_IMAGES,
  PAGES,
  PROGRAMS,
} from "./contents.ts";
import { copyDeclarations } from "./declarations.ts";

interface Manifest {
  readonly version: string;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const sourcesOf = (entry: Entry) => (typeof entry === "string" ? [entry] : [entry.browser, entry.node]);
const jsOf = (source: string) => `./dist/${source.replace(/\.ts$/, ".js")}`;
const typesOf = (source: string) => `./types/${source.replace(/\.ts$/, ".d.ts")}`;

function exportOf(entry: Entry): object {
  const way = (source: string) => ({ types: typesOf(source), default: jsOf(source) });
  return typeof entry === "string" ? way(entry) : { browser: way(entry.browser), default: way(entry.node) };
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

/** @returns Names of the packages that the built code imports. */
async function buildJavaScript(folder: string, entries: readonly string[]): Promise<readonly string[]> {
  const shared = {
    outdir: join(folder, "dist"),
    outbase: ".",
    bundle: true,
    format: "esm",
    packages: "external",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "warning",
  } as const;
  const pages = entries.filter((entry) => entry.endsWith("/browser.ts"));
  const [onNode, inPages] = await Promise.all([
    build({
      ...{ ...shared, entryPoints: [...entries.filter((entry) => !pages.includes(entry)), ...PROGRAMS] },
      ...{ splitting: true, platform: "node", target: "node20.19", chunkNames: "chunks/[name]-[hash]" },
    }),
    build({ ...shared, entryPoints: pages, platform: "browser", target: "es2022" }),
  ]);
  // Marks the folder as built (src/base/host/package-folder.ts).
  writeFileSync(join(folder, "dist/programs.json"), `${JSON.stringify({ programs: PROGRAMS }, null, 2)}\n`);
  const outputs = [...Object.values(onNode.metafile.outputs), ...Object.values(inPages.metafile.outputs)];
  const imported = outputs.flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
  const names = imported
    .filter((path) => !path.startsWith("node:"))
    .map((path) => path.split("/", path.startsWith("@") ? 2 : 1).join("/"));
  return [...new Set(names)];
}

/** What built code asks for by name at run time, as WebAssembly and fonts. */
const BY_NAME = ["@jitl/quickjs-wasmfile-release-sync", "@resvg/resvg-wasm", "dejavu-fonts-ttf", "zxing-wasm"];

function dependenciesOf(imported: readonly string[]): Readonly<Record<string, string>> {
  const wanted = [...new Set([...imported, ...BY_NAME, ...BUILD_PACKAGES])].sort();
  const pinned = { ...manifest.devDependencies, ...manifest.dependencies };
  const unknown = wanted.filter((name) => pinned[name] === undefined);
  if (unknown.length > 0) throw new Error(`package.json has no dependency ${unknown.join(", ")}`);
  return Object.fromEntries(wanted.map((name) => [name, pinned[name] as string]));
}

/** Of a board whose crates take minutes to compile: built where the tools are, and left out with a word elsewhere. */
async function copyKit(board: string, folder: string, files: readonly string[]): Promise<void> {
  const missing = missingForEsp32();
  if (missing.length > 0) {
    const how = missing.join(" && ");
    process.stderr.write(`latchkey: left out: images of ${board}; to have them in the package, run: ${how}\n`);
    return;
  }
  copy((await buildBoot(board)).binary, join(folder, "images", board, "boot.bin"));
  copy((await buildRuntime(board, { tls: false })).binary, join(folder, "images", board, "main.bin"));
  for (const path of files.filter((each) => KIT_FILES(board).test(each))) copy(path, join(folder, path));
}

async function copyImages(folder: string): Promise<void> {
  for (const board of FIRMWARE_BOARDS) {
    const from = dirname(imagePaths(board).boot);
    const isModelled = hasModels(readBoard(board).io);
    if (isModelled) for (const tls of [false, true]) await buildRuntime(board, { tls, modelled: true });
    for (const name of [...IMAGES, ...(isModelled ? MODELLED_IMAGES : [])]) {
      copy(join(from, name), join(folder, "images", board, name));
    }
  }
  const left = LINUX_BOARDS.filter((board) => !canBuild(board));
  if (left.length > 0) process.stderr.write(`latchkey: left out: programs for ${left.join(", ")}: no compiler here\n`);
  for (const board of LINUX_BOARDS.filter(canBuild))
    copy(imagePaths(board).runtime, join(folder, "images", board, "main.bin"));
}

async function writePages(folder: string): Promise<void> {
  mkdirSync(join(folder, "pages"));
  for (const name of PAGES) {
    const page = await buildPage(name);
    const paths = readyPaths(name);
    writeFileSync(join(folder, paths.script), page.script);
    writeFileSync(join(folder, paths.style), page.style);
  }
}

function copyLicenses(folder: string): void {
  mkdirSync(join(folder, "licenses"));
  for (const [name, text] of licenseTexts()) writeFileSync(join(folder, "licenses", `${name}.txt`), text);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { repository: { type: "string" }, kits: { type: "boolean" } },
  });
  const [folder = "out/package"] = positionals;
  const [latchkey, create] = [join(folder, "latchkey"), join(folder, "create-latchkey")];
  for (const each of [latchkey, create]) rmSync(each, { recursive: true, force: true });
  mkdirSync(latchkey, { recursive: true });
  const entries = Object.values(ENTRIES).flatMap(sourcesOf);
  const imported = await buildJavaScript(latchkey, entries);
  copyDeclarations(entries, join(latchkey, "types"));
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"]).toString().split("\n");
  for (const path of files) if (FILES.some((each) => each.test(path))) copy(path, join(latchkey, path));
  copy("src/factory/flash.config.schema.json", join(latchkey, "flash.config.schema.json"));
  await copyImages(latchkey);
  if (values.kits === true) for (const board of ESP32_BOARDS) await copyKit(board, latchkey, files);
  await writePages(join(latchkey, "dist"));
  copyLicenses(latchkey);
  cpSync("packages/latchkey", latchkey, { recursive: true });
  cpSync("packages/create-latchkey", create, { recursive: true });
  copy("LICENSE", join(create, "LICENSE"));

  const { version, description, license, type, engines, imports } = manifest;
  const repository = values.repository === undefined ? {} : { repository: { type: "git", url: values.repository } };
  const shared = { version, license, type, engines, ...repository };
  const inPackage = Object.entries(imports).filter(
    ([, path]) => !/src\/(testing|phone|cloud|factory|cli|gateway)|firmware/.test(path),
  );
  const own = {
    ...{ name: "latchkey", description, ...shared },
    bin: { latchkey: "bin/latchkey.mjs" },
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, exportOf(entry)])),
      "./flash.config.schema.json": "./flash.config.schema.json",
      "./package.json": "./package.json",
    },
    imports: Object.fromEntries(inPackage),
    dependencies: dependenciesOf(imported),
    // What `latchkey new` writes into a maker's package.json for tests.
    starter: { vitest: manifest.devDependencies.vitest },
  };
  writeFileSync(join(latchkey, "package.json"), `${JSON.stringify(own, null, 2)}\n`);
  const starter = {
    ...{ name: "create-latchkey", description: "Starts a Latchkey device: npm create latchkey", ...shared },
    bin: { "create-latchkey": "index.mjs" },
    dependencies: { latchkey: version },
  };
  writeFileSync(join(create, "package.json"), `${JSON.stringify(starter, null, 2)}\n`);
  process.stdout.write(`${latchkey} and ${create}, version ${version}\n`);
}

await main();
