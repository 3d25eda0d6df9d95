/**
 * Builds our programs (bin/programs.json) to JavaScript, in .cache/built/DIGEST. DIGEST is over the content of every file that went
 * into them, so a change in one leads to another folder: what is stale is never run, and a program that runs keeps its files.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./setup.mjs";

const BUILT = join(ROOT, ".cache/built");
/** Names what went into the last build: paths from the root. */
const INPUTS = join(BUILT, "inputs.json");
const PROGRAMS = "bin/programs.json";
/** What decides about the result besides the sources. */
const ALWAYS = ["bin/built.mjs", PROGRAMS, "package.json", "node_modules/esbuild/package.json"];
/** An older build may be deleted: no program runs for so long without having loaded all of its code. */
const KEPT_MS = 2 * 24 * 3_600_000;
/** How often a build is tried whose sources change meanwhile. */
const TRIES = 5;

/** @returns Digest of the files' names and contents; undefined when one is missing. */
function digestOf(paths) {
  const hash = createHash("sha256");
  try {
    for (const path of paths) {
      const content = readFileSync(join(ROOT, path));
      hash.update(`${path}\n${content.length}\n`).update(content);
    }
  } catch {
    return undefined;
  }
  return hash.digest("hex").slice(0, 24);
}

const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function lastInputs() {
  try {
    return JSON.parse(readFileSync(INPUTS, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes a file in one step, so that another process reads all of it or none. */
function replace(path, text) {
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function deleteOld() {
  for (const name of readdirSync(BUILT)) {
    const path = join(BUILT, name);
    if (isFolder(path) && Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** Runs esbuild. @returns The paths of the sources that went into `folder`. */
function bundle(folder) {
  const { programs } = JSON.parse(readFileSync(join(ROOT, PROGRAMS), "utf8"));
  const { metafile } = createRequire(import.meta.url)("esbuild").buildSync({
    absWorkingDir: ROOT,
    entryPoints: programs,
    outdir: folder,
    outbase: ROOT,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    chunkNames: "chunks/[name]-[hash]",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(metafile.inputs).sort();
}

function build() {
  mkdirSync(BUILT, { recursive: true });
  deleteOld();
  const temporary = join(BUILT, `new-${process.pid}`);
  for (let left = TRIES; left > 0; left--) {
    rmSync(temporary, { recursive: true, force: true });
    const startedMs = Date.now();
    const inputs = [...ALWAYS, ...bundle(temporary)];
    const digest = digestOf(inputs);
    const isChanged = inputs.some((path) => statSync(join(ROOT, path)).mtimeMs >= startedMs);
    if (digest === undefined || isChanged) continue;
    // Marks the folder as built, for programs that look for the others (src/base/host/package-folder.ts).
    writeFileSync(join(temporary, "programs.json"), readFileSync(join(ROOT, PROGRAMS)));
    const folder = join(BUILT, digest);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      // Another process has built the same.
      if (!isFolder(folder)) throw error;
      rmSync(temporary, { recursive: true, force: true });
    }
    replace(INPUTS, JSON.stringify(inputs));
    return folder;
  }
  rmSync(temporary, { recursive: true, force: true });
  throw new Error("the sources change faster than they are built; wait and try again");
}

/** @returns The folder of JavaScript that was built from the sources as they are now; builds it where it is missing. */
export function builtFolder() {
  const inputs = lastInputs();
  const digest = inputs === undefined ? undefined : digestOf(inputs);
  const folder = join(BUILT, digest ?? "none");
  return digest !== undefined && isFolder(folder) ? folder : build();
}

/** @returns URL of a program as JavaScript. @param path Its source, from the root. */
export function builtUrl(path) {
  return pathToFileURL(join(builtFolder(), path.replace(/\.ts$/, ".js"))).href;
}
