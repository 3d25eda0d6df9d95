/**
 * Decides which property names are kept when a bundle's names are shortened: every name that code outside the runtime
 * may use. A name is the runtime's alone when none of these knows it: the language's library, the
 * native port, the board, the maker's app, and any text in the sources, since a text may be what a property is looked
 * up by.
 * @source PROTOCOL 9.4.2; docs/adr/0005-hashed-names.md
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";

/** Whose names are the runtime's own. Everything else that is bundled (app, boards, entry, data) keeps its names. */
const RUNTIME = /^src\/(base|codec|wire|trust|device)\//;
/** What the engine host gives and wants, with the types that it is made of: C and the simulator speak of the same names. */
const PORT = "src/device/port.ts";
/** What the engine host looks for. */
const HOST = ["native", "stack", "message"];

/**
 * @param inputs  Paths of the sources that esbuild bundled.
 * @param entry   The text of the entry.
 * @param shared  Further sources whose names stay, of the runtime's as well: those that a script outside the bundle speaks of.
 */
export function keptNames(
  inputs: Iterable<string>,
  entry: string,
  shared: readonly string[] = [],
): ReadonlySet<string> {
  const kept = new Set([...libraryNames(), ...HOST]);
  // Where the app's file lies says nothing about names, and must not change the bundle.
  addNames("entry.ts", entry.replaceAll(/ from "[^"]*"/g, ' from ""'), kept);
  const port = readFileSync(PORT, "utf8");
  const parts = ts.preProcessFile(port).importedFiles.map(({ fileName }) => fileName.replace("#", "src/"));
  for (const path of [PORT, ...parts]) addNames(path, readFileSync(path, "utf8"), kept);
  for (const path of shared) addNames(path, readFileSync(path, "utf8"), kept);
  for (const path of inputs) {
    if (!/\.([cm]?[jt]sx?|json)$/.test(path) || path === "entry.ts") continue;
    const text = readFileSync(path, "utf8");
    if (RUNTIME.test(path)) addLookedUp(path, text, kept);
    else addNames(path, text, kept);
  }
  return kept;
}

/** Every name and every text of a file. */
function addNames(path: string, text: string, kept: Set<string>): void {
  visit(parsed(path, text), (node) => {
    if (ts.isIdentifier(node)) kept.add(node.text);
    else addText(node, kept);
  });
}

/**
 * What a file of the runtime looks properties up by: every text, those of its types too (a union of texts is how most
 * look-ups are written), and the keys of every table whose `keyof typeof` is a type.
 */
function addLookedUp(path: string, text: string, kept: Set<string>): void {
  const file = parsed(path, text);
  const tables = new Set<string>();
  visit(file, (node) => {
    if (isSelection(node)) return false;
    addText(node, kept);
    if (!ts.isTypeOperatorNode(node) || node.operator !== ts.SyntaxKind.KeyOfKeyword) return;
    if (ts.isTypeQueryNode(node.type)) tables.add(node.type.exprName.getText(file));
  });
  visit(file, (node) => {
    if (!ts.isVariableDeclaration(node) || node.initializer === undefined) return;
    if (!tables.has(node.name.getText(file))) return;
    visit(node.initializer, (inner) => {
      if (ts.isPropertyAssignment(inner)) kept.add(inner.name.getText(file));
    });
  });
}

function addText(node: ts.Node, kept: Set<string>): void {
  if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) kept.add(node.text);
}

let library: ReadonlySet<string> | undefined;

/** Names of ES2022's library, as TypeScript declares it, with what options bags and results hold. */
function libraryNames(): ReadonlySet<string> {
  if (library !== undefined) return library;
  const folder = dirname(createRequire(import.meta.url).resolve("typescript"));
  const names = new Set<string>();
  const read = (name: string): void => {
    const path = join(folder, `lib.${name}.d.ts`);
    const file = parsed(path, readFileSync(path, "utf8"));
    for (const { fileName } of file.libReferenceDirectives) read(fileName.toLowerCase());
    visit(file, (node) => {
      if (ts.isIdentifier(node)) names.add(node.text);
      else addText(node, names);
    });
  };
  read("es2022");
  library = names;
  return names;
}

function parsed(path: string, text: string): ts.SourceFile {
  const kind = path.endsWith(".json") ? ts.ScriptKind.JSON : ts.ScriptKind.TS;
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, false, kind);
}

/** What a type picks of another is a name in a text's clothes: nothing is looked up by it. */
function isSelection(node: ts.Node): boolean {
  if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName)) return false;
  return node.typeName.text === "Pick" || node.typeName.text === "Omit";
}

/** Shows a node and, unless false comes back, all that it is made of. */
function visit(node: ts.Node, see: (node: ts.Node) => unknown): void {
  if (see(node) === false) return;
  ts.forEachChild(node, (child) => visit(child, see));
}
