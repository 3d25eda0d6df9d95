/** Finds exports that nothing imports, by reading import and export statements (also those inside texts, as bundles are built of them). */
import { dirname, normalize } from "node:path/posix";
import type { SourceFile } from "./rules.ts";

const ALIASES: readonly (readonly [prefix: string, folder: string])[] = [
  ["#boards/", "boards/"],
  ["#firmware/", "firmware/build/"],
  ["#", "src/"],
];
const DECLARED = /^export\s+(?:declare\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+(\w+)/gm;
const NAMED = /(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*["'`]([^"'`]+)["'`]/g;
const WHOLE = /import\(\s*["'`]([^"'`]+)["'`]\s*\)|(?:import|export)\s+(?:type\s+)?\*[^;]*?from\s*["'`]([^"'`]+)["'`]/g;

/** The paths that a specifier may mean: relative ones in texts count from the repository's root. */
function targets(from: string, specifier: string): readonly string[] {
  if (specifier.startsWith(".")) return [normalize(`${dirname(from)}/${specifier}`), normalize(specifier)];
  const alias = ALIASES.find(([prefix]) => specifier.startsWith(prefix));
  return alias === undefined ? [] : [alias[1] + specifier.slice(alias[0].length)];
}

/** What a file's imports name, as `path name`; `path *` for a module that is imported whole. */
function importsOf({ path, text }: SourceFile): readonly string[] {
  const named = [...text.matchAll(NAMED)].flatMap(([, list = "", specifier = ""]) =>
    list.split(",").flatMap((entry) => {
      const [name = ""] = entry
        .trim()
        .replace(/^type\s+/, "")
        .split(/\s+as\s+/);
      return targets(path, specifier).map((target) => `${target} ${name}`);
    }),
  );
  const whole = [...text.matchAll(WHOLE)].flatMap(([, called, starred]) =>
    targets(path, called ?? starred ?? "").map((target) => `${target} *`),
  );
  return [...named, ...whole];
}

/** Exports of `src` that only tests use, as `path name`: no other file of the product imports them, nor does their own use them. */
export function testOnlyExports(files: readonly SourceFile[], isEntry: (path: string) => boolean): readonly string[] {
  const product = files.filter(({ path }) => !path.startsWith("test/"));
  return unusedExports(product, (path) => !path.startsWith("src/") || isEntry(path)).filter((each) => {
    const [of, name] = each.split(" ");
    const text = product.find(({ path }) => path === of)?.text ?? "";
    return text.split(new RegExp(`(?<![\\w$])${name}(?![\\w$])`)).length === 2;
  });
}

/**
 * Exports that no other file imports, as `path name`.
 * @param isEntry Whether a file is loaded by its path alone, or written for makers: its exports need no import.
 */
export function unusedExports(files: readonly SourceFile[], isEntry: (path: string) => boolean): readonly string[] {
  const imported = new Set(files.flatMap(importsOf));
  return files
    .filter(({ path }) => !isEntry(path) && !imported.has(`${path} *`))
    .flatMap(({ path, text }) => [...text.matchAll(DECLARED)].map(([, name]) => `${path} ${name}`))
    .filter((each) => !imported.has(each));
}
