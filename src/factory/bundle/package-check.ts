/**
 * Names what a package of npm wants and no unit has: modules of Node, and globals of Node or of a browser. The maker's own code is
 * checked by its types (check-app.ts); a package's code has none, so its free names are looked at in what was bundled of it.
 */
import { builtinModules, SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";
import { absentOf, withoutAbsent } from "./unit-library.ts";

const ADVICE = "take a package of plain JavaScript, or a version of it for browsers without the DOM";
const SCRIPT = "/app.js";
/** "Cannot find name", in all the words that TypeScript has for it. */
const UNKNOWN_NAME: readonly number[] = [2304, 2503, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593];

/** The package in whose folder a file lies, the innermost one; undefined for a file of no package. */
function packageOf(path: string): string | undefined {
  return /^.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll("\\", "/"))?.[1];
}

/** Refuses modules of Node, unless a package of that name is installed. */
export const nodeModules: Plugin = {
  name: "modules of Node",
  setup(build) {
    const names = builtinModules.filter((name) => !name.startsWith("_")).join("|");
    build.onResolve({ filter: new RegExp(`^(node:.*|${names})$`) }, async (asked) => {
      if (asked.pluginData === nodeModules) return undefined;
      const { path, importer, kind, resolveDir } = asked;
      const found = path.startsWith("node:")
        ? undefined
        : await build.resolve(path, { importer, kind, resolveDir, pluginData: nodeModules });
      if (found?.errors.length === 0) return found;
      const asker = packageOf(importer);
      const who = asker === undefined ? "the app" : `the package ${asker}`;
      return { errors: [{ text: `${who} asks for ${path}, a module of Node, which no unit has: ${ADVICE}` }] };
    });
  },
};

/** A program of the bundled script alone, with the language and the globals that a unit has. */
function programOf(script: string, absent: readonly string[]): ts.Program {
  const options: ts.CompilerOptions = {
    ...{ target: ts.ScriptTarget.ES2020, lib: ["lib.es2020.d.ts"], types: [], noResolve: false },
    ...{ allowJs: true, checkJs: true, noEmit: true, strict: false, skipLibCheck: true },
  };
  const host = ts.createCompilerHost(options, true);
  const gone = absentOf(absent);
  const read = host.getSourceFile.bind(host);
  const libraries = resolve(ts.getDefaultLibFilePath(options), "..");
  host.getSourceFile = (name, version, ...more) => {
    if (name === SCRIPT) return ts.createSourceFile(name, script, version, true, ts.ScriptKind.JS);
    const file = read(name, version, ...more);
    if (file === undefined || !resolve(name).startsWith(libraries)) return file;
    return ts.createSourceFile(name, withoutAbsent(file, gone), version, true);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === SCRIPT || exists(name);
  return ts.createProgram([SCRIPT, resolve("src/app/globals.d.ts")], options, host);
}

/** Names that the code asks for before it uses them, as in `typeof process`. */
function askedFor(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeOfExpression(node) && ts.isIdentifier(node.expression)) names.add(node.expression.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/**
 * What packages use and no unit has, one line each with the package's file and line.
 * @param script The app and its packages in one script, names whole (appScript), with its source map.
 * @param absent What the unit's engine leaves out, as for checkApp.
 * @param given  Names that are there all the same.
 */
export function packageFaults(
  script: string,
  map: string,
  absent: readonly string[],
  given: readonly string[] = [],
): readonly string[] {
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload);
  if (!(JSON.parse(map) as SourceMapPayload).sources.some((path) => packageOf(path) !== undefined)) return [];
  const program = programOf(script, absent);
  const file = program.getSourceFile(SCRIPT) as ts.SourceFile;
  const careful = askedFor(file);
  const lines = new Map<string, string>();
  for (const { code, start = 0, length = 0 } of program.getSemanticDiagnostics(file)) {
    const name = script.slice(start, start + length);
    if (!UNKNOWN_NAME.includes(code) || careful.has(name) || given.includes(name)) continue;
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    const entry = sources.findEntry(line, character);
    const source = "originalSource" in entry ? entry.originalSource : "";
    const asker = packageOf(source);
    if (asker === undefined || !("originalLine" in entry)) continue;
    const path = relative(".", resolve(source));
    const where = `${path.startsWith("..") ? resolve(source) : path}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    lines.set(`${asker} ${name}`, `${where}: the package ${asker} uses ${name}, which no unit has: ${ADVICE}`);
  }
  return [...lines.values()];
}
