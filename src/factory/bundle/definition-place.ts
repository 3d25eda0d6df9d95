/** Where an app's file defines a function, variable or handler: the nearest place there is for an error on firmware, whose engine keeps no lines. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import ts from "typescript";

/** @returns `file:line:column` of the property of this name in the app's entry; undefined where there is none. */
export function placeOfDefinition(app: string, name: string): string | undefined {
  const file = ts.createSourceFile(app, readFileSync(app, "utf8"), ts.ScriptTarget.ES2022, true);
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    const isDefinition = ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node);
    if (isDefinition && (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)) && node.name.text === name) {
      found ??= node;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (found === undefined) return undefined;
  const { line, character } = file.getLineAndCharacterOfPosition(found.getStart(file));
  const path = relative(".", app);
  return `${path.startsWith("..") ? app : path}:${line + 1}:${character + 1}`;
}
