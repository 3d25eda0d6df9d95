/**
 * Shortens the names in a bundle. Top-level names, functions and the runtime's own properties get the short
 * name that their hash gives them, wherever they stand; other local names get a letter, chosen within their function.
 * Nothing depends on the rest of the bundle, so an edit changes the bytes of what it touches.
 * @source PROTOCOL 9.4.2; docs/adr/0005-hashed-names.md
 */
import ts from "typescript";
import { assert } from "#base/assert.ts";
import { hashNames, letters } from "./hash-names.ts";

interface Shortened {
  readonly script: string;
  /** What a person needs to read a stack: long names by short ones. Local letters are not in it. */
  readonly names: ReadonlyMap<string, string>;
}

type Scope = ts.Node;

/**
 * @param script A script of ES2020, names whole.
 * @param kept   Property names that must stay.
 */
export function shortNames(script: string, kept: ReadonlySet<string>): Shortened {
  const { file, checker } = checked(script);
  const identifiers: ts.Identifier[] = [];
  collect(file, identifiers);
  const properties = identifiers.filter(isPropertyName);
  const uses = identifiers.filter((node) => !isPropertyName(node)).map((node) => useOf(node, checker));

  const own = [...properties, ...uses.filter(({ node }) => isShorthand(node)).map(({ node }) => node)];
  const hashed = new Set(own.map(({ text }) => text).filter((text) => !kept.has(text)));
  const foreign = new Set<string>();
  const locals = new Map<Scope, Set<ts.Symbol>>();
  for (const { node, symbol, scope } of uses) {
    if (symbol === undefined) foreign.add(node.text);
    else if (scope === undefined) hashed.add(node.text);
    else locals.set(scope, (locals.get(scope) ?? new Set()).add(symbol));
  }
  const short = hashNames(hashed, new Set([...kept, ...foreign]));
  const letterOf = lettersFor(locals, foreign);
  const shortOf = (name: string) => short.get(name) ?? name;
  const propertyOf = (name: string) => (kept.has(name) ? name : shortOf(name));

  const edits = properties.map((node) => [node, propertyOf(node.text)] as const);
  for (const { node, symbol, scope } of uses) {
    const name = symbol === undefined ? node.text : scope === undefined ? shortOf(node.text) : letterOf.get(symbol);
    assert(name !== undefined, "every local name got a letter");
    // A shorthand holds a property's name and a variable's in one word; apart, each gets its own.
    const property = isShorthand(node) ? propertyOf(node.text) : name;
    edits.push([node, property === name ? name : `${property}:${name}`]);
  }
  return { script: edited(script, file, edits), names: new Map([...short].map(([long, brief]) => [brief, long])) };
}

interface Use {
  readonly node: ts.Identifier;
  /** What it names; undefined when that is not in the script. */
  readonly symbol: ts.Symbol | undefined;
  /** Where a local name is seen; undefined for a name that a hash shortens. */
  readonly scope: Scope | undefined;
}

function useOf(node: ts.Identifier, checker: ts.TypeChecker): Use {
  const { parent } = node;
  const symbol =
    ts.isShorthandPropertyAssignment(parent) && parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(parent)
      : checker.getSymbolAtLocation(node);
  const declaration = symbol?.declarations?.[0];
  if (declaration === undefined) return { node, symbol: undefined, scope: undefined };
  const scope = scopeOf(declaration);
  // Functions keep a name that can be looked up wherever they stand: a stack is made of them.
  return { node, symbol, scope: ts.isSourceFile(scope) || ts.isFunctionDeclaration(declaration) ? undefined : scope };
}

function isShorthand(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return parent.name === node;
  if (!ts.isBindingElement(parent) || !ts.isObjectBindingPattern(parent.parent)) return false;
  return parent.name === node && parent.propertyName === undefined && parent.dotDotDotToken === undefined;
}

/** A letter for each local name: one that no enclosing function uses, the same for the same name where it can be. */
function lettersFor(
  locals: ReadonlyMap<Scope, ReadonlySet<ts.Symbol>>,
  taken: ReadonlySet<string>,
): ReadonlyMap<ts.Symbol, string> {
  const letterOf = new Map<ts.Symbol, string>();
  const usedBy = new Map<Scope, Set<string>>();
  const outsideIn = [...locals].sort(([a], [b]) => depthOf(a) - depthOf(b));
  for (const [scope, symbols] of outsideIn) {
    const used = new Set(taken);
    for (let outer = scope.parent; outer !== undefined; outer = outer.parent) {
      for (const letter of usedBy.get(outer) ?? []) used.add(letter);
    }
    const own = new Set<string>();
    for (const symbol of symbols) {
      for (const letter of letters(symbol.name)) {
        if (used.has(letter)) continue;
        used.add(letter);
        own.add(letter);
        letterOf.set(symbol, letter);
        break;
      }
    }
    usedBy.set(scope, own);
  }
  return letterOf;
}

function depthOf(node: ts.Node): number {
  let depth = 0;
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) depth++;
  return depth;
}

/** The node within which a declared name is seen. */
function scopeOf(declaration: ts.Node): Scope {
  let node = declaration;
  while (ts.isBindingElement(node) || ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node))
    node = node.parent;
  if (ts.isParameter(node)) return node.parent;
  if (ts.isFunctionExpression(node) || ts.isClassExpression(node)) return node;
  const isVar =
    ts.isVariableDeclaration(node) &&
    (node.parent.flags & ts.NodeFlags.BlockScoped) === 0 &&
    !ts.isCatchClause(node.parent);
  if (ts.isVariableDeclaration(node) && ts.isCatchClause(node.parent)) return node.parent;
  let scope = node.parent;
  while (!ts.isSourceFile(scope) && !ts.isFunctionLike(scope) && (isVar || !isBlock(scope))) scope = scope.parent;
  return scope;
}

function isBlock(node: ts.Node): boolean {
  return (
    ts.isBlock(node) ||
    ts.isCaseBlock(node) ||
    ts.isForStatement(node) ||
    ts.isForOfStatement(node) ||
    ts.isForInStatement(node)
  );
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isAccessor(parent) ||
      ts.isPropertyDeclaration(parent)) &&
    parent.name === node
  );
}

/** Labels and such words of the language as `new.target` name nothing that could be renamed. */
function isNoName(node: ts.Identifier): boolean {
  const { parent } = node;
  return ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent) || ts.isMetaProperty(parent);
}

function collect(node: ts.Node, found: ts.Identifier[]): void {
  if (ts.isIdentifier(node) && !isNoName(node)) found.push(node);
  ts.forEachChild(node, (child) => collect(child, found));
}

/** Parses and binds the script alone: no library, no other file. */
function checked(script: string): { readonly file: ts.SourceFile; readonly checker: ts.TypeChecker } {
  const name = "bundle.ts";
  const file = ts.createSourceFile(name, script, ts.ScriptTarget.ES2020, true, ts.ScriptKind.TS);
  const host: ts.CompilerHost = {
    getSourceFile: (path) => (path === name ? file : undefined),
    getDefaultLibFileName: () => "",
    writeFile: () => undefined,
    getCurrentDirectory: () => "",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (path) => path === name,
    readFile: () => undefined,
  };
  const program = ts.createProgram({
    rootNames: [name],
    host,
    options: { noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ES2020 },
  });
  return { file, checker: program.getTypeChecker() };
}

function edited(
  script: string,
  file: ts.SourceFile,
  edits: readonly (readonly [node: ts.Identifier, text: string])[],
): string {
  const parts: string[] = [];
  let at = 0;
  for (const [node, text] of [...edits].sort(([a], [b]) => a.pos - b.pos)) {
    const start = node.getStart(file);
    parts.push(script.slice(at, start), text);
    at = node.getEnd();
  }
  return parts.join("") + script.slice(at);
}
