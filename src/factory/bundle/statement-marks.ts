/**
 * Marks the statements of a maker's files for an engine that keeps no lines: each function notes the number of the statement that it is
 * at, and an error that leaves it takes that number along as the first line of its stack (src/device/line-in-stack.ts, ADR 0161). In
 * development bundles the statements outside of functions are marked as well (those of a release ran at its build), and the one that began
 * last is noted for code that is broken off (src/device/running-statement.ts).
 */
import { readFileSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";
import { shownPath } from "./shown-path.ts";

/** Names that no maker's file has. */
const STEP = "__latchkeyStep";
const NOTE = "__latchkeyThrownAt";
const RUNNING = "__latchkeyRunning";
const IMPORTS = [
  [`thrownAt as ${NOTE}`, "src/device/line-in-stack.ts"],
  [`running as ${RUNNING}`, "src/device/running-statement.ts"],
] as const;

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

/** Whether making a value runs code; what a function in it does comes later. */
function runsCode(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) return true;
  if (ts.isElementAccessExpression(node) || ts.isPropertyAccessExpression(node)) return true;
  return ts.forEachChild(node, (child) => runsCode(child) || undefined) === true;
}

/** An error that is made and not thrown at once: rejecting a promise with it passes no handler. */
const makesError = (node: ts.Node) =>
  ts.isNewExpression(node) &&
  ts.isIdentifier(node.expression) &&
  node.expression.text.endsWith("Error") &&
  !ts.isThrowStatement(node.parent);

/** Statements of a file that may stand in a block as well. */
const standsInBlock = (statement: ts.Statement) =>
  ts.isExpressionStatement(statement) ||
  ts.isBlock(statement) ||
  ts.isIfStatement(statement) ||
  ts.isIterationStatement(statement, true) ||
  ts.isSwitchStatement(statement) ||
  ts.isTryStatement(statement) ||
  ts.isThrowStatement(statement);

/**
 * @param path   The file's, as places shall name it.
 * @param places Of the statements by their numbers, `path:line:column`; those of this file are added.
 * @param isWhole Whether those outside of functions are marked, too, and the one that began last is noted.
 */
function withStatementMarks(path: string, source: string, places: string[], isWhole: boolean): string {
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
  const now = (node: ts.Node) => `${STEP}=${isWhole ? `${RUNNING}.mark=` : ""}${markOf(node)};`;

  function visit(node: ts.Node, isInFunction: boolean): void {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) return visitFunction(node, node.body);
    if (isInFunction && ts.isCatchClause(node) && node.variableDeclaration?.name.kind === ts.SyntaxKind.Identifier) {
      // An error that is caught here and thrown again came about where the function is now.
      add(start(node.block) + 1, `${NOTE}(${node.variableDeclaration.name.text},${STEP});`);
    }
    const isError = isWhole && makesError(node);
    if (isError) add(start(node), `${NOTE}(`);
    const alone = isInFunction ? childStatements(node) : [];
    const listed = isInFunction ? statementList(node) : [];
    ts.forEachChild(node, (child) => {
      const statement = child as ts.Statement;
      const isWrapped = alone.includes(statement) && !ts.isBlock(child);
      if (isWrapped) add(start(child), `{${now(child)}`);
      else if (listed.includes(statement) && runs(statement)) add(start(child), now(child));
      visit(child, isInFunction);
      if (isWrapped) add(child.getEnd(), "}");
    });
    if (isError) add(node.getEnd(), `,${markOf(node)})`);
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
  function visitTop(statement: ts.Statement): void {
    if (standsInBlock(statement)) {
      add(start(statement), `{let ${now(statement)}try{`);
      visit(statement, true);
      return add(statement.getEnd(), `${caught(STEP)}}`);
    }
    if (ts.isVariableStatement(statement)) {
      for (const { initializer } of statement.declarationList.declarations) {
        if (initializer !== undefined) visitValue(statement, initializer);
      }
    } else if (ts.isExportAssignment(statement)) visitValue(statement, statement.expression);
    else visit(statement, false);
  }
  function visitValue(statement: ts.Statement, value: ts.Expression): void {
    if (!runsCode(value)) return visit(value, false);
    add(start(value), "(()=>{try{return (");
    visit(value, false);
    add(value.getEnd(), `)${caught(markOf(statement))}})()`);
  }
  for (const statement of file.statements) {
    if (isWhole) visitTop(statement);
    else visit(statement, false);
  }

  const parts: string[] = [];
  let from = 0;
  for (const { at, text } of added.toSorted((a, b) => a.at - b.at)) {
    parts.push(source.slice(from, at), text);
    from = at;
  }
  const imports = IMPORTS.slice(0, isWhole ? 2 : 1).map(
    ([name, module]) => `import { ${name} } from ${JSON.stringify(resolve(module))};\n`,
  );
  return `${parts.join("")}${source.slice(from)}\n${imports.join("")}`;
}

const FILES = /\.[cm]?[jt]s$/;

/** A file of the maker's as places name it; undefined for one of the runtime's or a package's. */
function makersPath(path: string): string | undefined {
  const shown = shownPath(path);
  return /^(src|boards)[\\/]/.test(shown) || path.includes(`${sep}node_modules${sep}`) ? undefined : shown;
}

const loaderOf = (path: string) => (/ts$/.test(path) ? "ts" : "js");

/** Marks what is neither the runtime's nor a package's. @param places Filled while the bundle is built. */
export const statementMarks = (places: string[]): Plugin => ({
  name: "statement marks",
  setup(build) {
    build.onLoad({ filter: FILES }, ({ path }) => {
      const shown = makersPath(path);
      if (shown === undefined) return undefined;
      const contents = withStatementMarks(shown, readFileSync(path, "utf8"), places, true);
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
    const shown = makersPath(path);
    if (shown === undefined) continue;
    const source = readFileSync(path, "utf8");
    marked.set(path, withStatementMarks(shown, source, places, false));
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
