/**
 * Compiles C into objects that are kept by what went into them (compiler, flags, source, headers), so that a second
 * build, or a fresh clone on the same machine, compiles only what is new.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { cacheFolder } from "./cache-folder.ts";
import { CORTEX_M, compilerOf } from "./cores.ts";
import { ROOT } from "./layout.ts";
import { callGraphPath } from "./stack.ts";

/** C files that share flags. */
export interface Group {
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  /** Files whose text matters to every source of the group: our headers, the pinned tree's name. */
  readonly inputs: readonly string[];
}

const JOBS = 2;

/** All files below a folder whose names end so, sorted. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest("hex").slice(0, 24);
}

function compileOne(compiler: string, flags: readonly string[], source: string, object: string): Promise<void> {
  const partial = `${object}.${process.pid}.o`;
  const child = spawn("nice", [compiler, ...flags, "-c", source, "-o", partial], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk) => {
    words += chunk;
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      if (code !== 0) return fail(new BuildStop(`${basename(source)} does not compile:\n${words}`));
      if (words !== "") process.stderr.write(words);
      const graph = callGraphPath(partial);
      if (existsSync(graph)) renameSync(graph, callGraphPath(object));
      renameSync(partial, object);
      done();
    });
  });
}

/** Compiles every group. @returns Paths of the objects, in order, and how many had to be compiled. */
export async function compile(
  groups: readonly Group[],
  compiler = compilerOf(CORTEX_M),
): Promise<{ objects: readonly string[]; compiled: number }> {
  const folder = join(cacheFolder(), "objects");
  mkdirSync(folder, { recursive: true });
  const version = execFileSync(compiler, ["--version"]).toString();
  const objects: string[] = [];
  const work: (() => Promise<void>)[] = [];
  for (const { sources, flags, inputs } of groups) {
    const named = flags.map((flag) => flag.replaceAll(ROOT, "/"));
    const shared = digest([version, ...named, ...inputs.map((path) => (existsSync(path) ? readFileSync(path) : path))]);
    for (const source of sources) {
      const object = join(folder, `${basename(source, ".c")}-${digest([shared, readFileSync(source)])}.o`);
      objects.push(object);
      if (!existsSync(object)) work.push(() => compileOne(compiler, flags, source, object));
    }
  }
  const compiled = work.length;
  const worker = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  return { objects, compiled };
}
