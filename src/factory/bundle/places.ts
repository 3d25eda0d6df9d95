/**
 * Where the functions of the maker's own sources stand, for the list of names beside a bundle: an engine without line numbers tells
 * a function's name alone.
 */
import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";

/** More functions of one name than this say nothing. */
const PLACES_MAX = 4;

const NAMED = [ts.isFunctionDeclaration, ts.isMethodDeclaration] as const;

/** The name that an engine gives a function which stands here; undefined where none does. */
function nameOf(node: ts.Node): string | undefined {
  if (NAMED.some((is) => is(node))) return (node as ts.FunctionDeclaration | ts.MethodDeclaration).name?.getText();
  if (!ts.isVariableDeclaration(node) && !ts.isPropertyAssignment(node)) return undefined;
  const { initializer, name } = node;
  const isFunction = initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer));
  return isFunction ? name.getText() : undefined;
}

/** @returns `file:line` by a function's name, up to four of them joined by " or ". */
export function placesOf(paths: Iterable<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string[]>();
  for (const path of paths) {
    if (!/\.[cm]?[jt]sx?$/.test(path) || path.includes("node_modules") || !existsSync(path)) continue;
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const name = nameOf(node);
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), `${path}:${line}`]);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  const told = [...found].filter(([, places]) => places.length <= PLACES_MAX);
  return new Map(told.map(([name, places]) => [name, places.join(" or ")]));
}
