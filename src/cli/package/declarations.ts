/** Declaration files of the package: those that the entries reach, with imports that every compiler follows. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const ROOMS = ".cache/types";
/** Node's own types, which a declaration names without importing them. */
const NODE = /\b(Buffer|NodeJS)\b/;
const IMPORT = /(from\s+|import\(|import\s+)"([^"]+)"/g;

/** Where the compiler wrote the declarations of each source, by the source's path without its ending. */
function declarationsBySource(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of readdirSync(ROOMS, { recursive: true }) as string[]) {
    if (!path.endsWith(".d.ts")) continue;
    // .cache/types/src/app/src/app/schema.d.ts: the project's folder, then the source's.
    const parts = path.split(sep);
    for (let start = 1; start < parts.length; start++) {
      const source = parts
        .slice(start)
        .join("/")
        .replace(/\.d\.ts$/, "");
      if (existsSync(`${source}.ts`)) found.set(source, join(ROOMS, path));
    }
  }
  return found;
}

/** The source that an import in `from` names, without its ending; undefined for a package. */
function sourceOf(specifier: string, from: string): string | undefined {
  const path = specifier.replace(/\.tsx?$/, "");
  if (specifier.startsWith("#")) return path.replace("#boards/", "boards/").replace(/^#/, "src/");
  return specifier.startsWith(".") ? join(dirname(from), path).split(sep).join("/") : undefined;
}

/**
 * Copies declarations into `folder`, each at its source's path.
 * @param entries Paths of sources.
 * @throws Error for an import that no declaration is there for
 */
export function copyDeclarations(entries: readonly string[], folder: string): void {
  const declared = declarationsBySource();
  const left = entries.map((path) => path.replace(/\.ts$/, ""));
  const done = new Set<string>();
  for (let source = left.pop(); source !== undefined; source = left.pop()) {
    if (done.has(source)) continue;
    done.add(source);
    const path = declared.get(source);
    if (path === undefined) throw new Error(`${source}.ts has no declarations; run: npx tsc -b`);
    const from = source;
    const text = readFileSync(path, "utf8").replace(IMPORT, (whole, start: string, specifier: string) => {
      const target = sourceOf(specifier, from);
      if (target === undefined) return whole;
      left.push(target);
      const way = relative(dirname(from), target).split(sep).join("/");
      return `${start}"${way.startsWith(".") ? way : `./${way}`}.js"`;
    });
    const to = join(folder, `${source}.d.ts`);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, NODE.test(text) ? `/// <reference types="node" />\n${text}` : text);
  }
}
