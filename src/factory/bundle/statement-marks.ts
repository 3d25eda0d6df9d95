/**
 * Marks the statements of a maker's files for an engine that keeps no lines: each function notes the number of the statement that it is
 * at, and an error that leaves it takes that number along: beside it in development bundles (src/device/thrown-at.ts), as the first line of
 * its stack in releases that ask for lines (src/device/line-in-stack.ts, ADR 0161).
 */
import { readFileSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";

/** Names that no maker's file has. */
const STEP = "__latchkeyStep";
const NOTE = "__latchkeyThrownAt";

const caught = (mark: string) => `}catch(__latchkeyError){throw ${NOTE}(__latchkeyError,${mark})}`;

/** Statements that stand alone where a block may stand. */
function childStatements(node: ts.Node): readonly ts.Statement[] {
  if (ts.isIfStatement(node)) return [node.thenStatement, ...(node.elseStatement ? [node.elseStatement] : [])];
  return ts.isIterationStatement(node, false) ? [node.statement] : [];
}

function statementList(node: ts.Node): readonly ts.Statement[] {
  return ts.isBlock(node) || ts.isCaseOrDefaultClause(node) ? node.statements : [];
}

const runs = (statement: ts.Statement) =>
  !ts.isFunctionDeclaration(statement) &&
  !ts.isInterfaceDeclaration(statement) &&
  !ts.isTypeAliasDeclaration(statement);

/**
 * @param path   The file's, as places shall name it.
 * @param places Of the statements by their numbers, `path:line:column`; those of this file are added.
 * @param noting What notes them: a module that exports `thrownAt`.
 */
function withStatementMarks(path: string, source: string, places: string[], noting: string): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  // One without import and export may be of another kind, into which no import can be put.
  if (!ts.isExternalModule(file)) return source;
  // In the order of the text: what is added at one place stands in the order in which it was added.
  const added: { readonly at: number; readonly text: string }[] = [];
  const add = (at: number, text: string) => void added.push({ at, text });
  const markOf = (node: ts.Node): string => {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    return String(places.push(`${path}:${line + 1}:${character + 1}`) - 1);
  };
  const start = (node: ts.Node) => node.getStart(file);

  function visit(node: ts.Node, isInFunction: boolean): void {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) return visitFunction(node, node.body);
    if (isInFunction && ts.isCatchClause(node) && node.variableDeclaration?.name.kind === ts.SyntaxKind.Identifier) {
      // An error that is caught here and thrown again came about where the function is now.
      add(start(node.block) + 1, `${NOTE}(${node.variableDeclaration.name.text},${STEP});`);
    }
    const alone = isInFunction ? childStatements(node) : [];
    const listed = isInFunction ? statementList(node) : [];
    ts.forEachChild(node, (child) => {
      const statement = child as ts.Statement;
      const isWrapped = alone.includes(statement) && !ts.isBlock(child);
      if (isWrapped) add(start(child), `{${STEP}=${markOf(child)};`);
      else if (listed.includes(statement) && runs(statement)) add(start(child), `${STEP}=${markOf(child)};`);
      visit(child, isInFunction);
      if (isWrapped) add(child.getEnd(), "}");
    });
  }
  function visitFunction(node: ts.SignatureDeclaration, body: ts.Node): void {
    ts.forEachChild(node, (child) => child !== body && visit(child, false));
    // Nothing may stand around a constructor's call of super().
    if (ts.isConstructorDeclaration(node)) return visit(body, false);
    if (ts.isBlock(body)) {
      add(start(body) + 1, `let ${STEP}=0;try{`);
      visit(body, true);
      return add(body.getEnd() - 1, caught(STEP));
    }
    const isAsync = ts.getModifiers(node as ts.ArrowFunction)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
    const mark = markOf(body);
    add(start(body), `{try{return ${isAsync ? "await " : ""}(`);
    visit(body, false);
    add(body.getEnd(), `)${caught(mark)}}`);
  }
  visit(file, false);

  const parts: string[] = [];
  let from = 0;
  for (const { at, text } of added.toSorted((a, b) => a.at - b.at)) {
    parts.push(source.slice(from, at), text);
    from = at;
  }
  const noted = JSON.stringify(resolve(noting));
  return `${parts.join("")}${source.slice(from)}\nimport { thrownAt as ${NOTE} } from ${noted};\n`;
}

const FILES = /\.[cm]?[jt]s$/;

/** A file of the maker's as places name it; undefined for one of the runtime's or a package's. */
function shownPath(path: string): string | undefined {
  const shown = relative(".", path);
  if (/^(src|boards)[\\/]/.test(shown) || path.includes(`${sep}node_modules${sep}`)) return undefined;
  return shown.startsWith("..") ? path : shown;
}

const loaderOf = (path: string) => (/ts$/.test(path) ? "ts" : "js");

/** Marks what is neither the runtime's nor a package's. @param places Filled while the bundle is built. */
export const statementMarks = (places: string[]): Plugin => ({
  name: "statement marks",
  setup(build) {
    build.onLoad({ filter: FILES }, ({ path }) => {
      const shown = shownPath(path);
      if (shown === undefined) return undefined;
      const contents = withStatementMarks(shown, readFileSync(path, "utf8"), places, "src/device/thrown-at.ts");
      return { contents, loader: loaderOf(path) };
    });
  },
});

/**
 * The same for a release. The same sources have the same numbers, whatever order the bundler reads them in: a bundle is made again byte for byte.
 * @param inputs Paths of all files of the bundle.
 */
export function releaseMarks(inputs: readonly string[]): {
  readonly plugin: Plugin;
  readonly places: readonly string[];
} {
  const places: string[] = [];
  const marked = new Map<string, string>();
  for (const path of inputs
    .filter((each) => FILES.test(each))
    .map((each) => resolve(each))
    .toSorted()) {
    const shown = shownPath(path);
    if (shown === undefined) continue;
    const source = readFileSync(path, "utf8");
    marked.set(path, withStatementMarks(shown, source, places, "src/device/line-in-stack.ts"));
  }
  const plugin: Plugin = {
    name: "statement marks of a release",
    setup(build) {
      build.onLoad({ filter: FILES }, ({ path }) => {
        const contents = marked.get(path);
        return contents === undefined ? undefined : { contents, loader: loaderOf(path) };
      });
    },
  };
  return { plugin, places };
}
