/**
 * A bundle as a small unit can compile it: whole top-level statements, functions and constants first, parted by form
 * feeds (white space to any engine). A compiler's memory grows with what it is given at once, 839 KB for a whole bundle of
 * 127 KB against 304 KB a few statements at a time; functions come first because a later piece is not there to be hoisted.
 * @source PROTOCOL 9.4; docs/adr/0052-pieces.md
 */
import ts from "typescript";

/** What parts the statements; the firmware looks for this byte. */
export const PARTING = "\f";

/** @param script A script of ES2020 whose top level is the bundle's own. */
export function inPieces(script: string): string {
  const file = ts.createSourceFile("bundle.js", script, ts.ScriptTarget.ES2020, false, ts.ScriptKind.JS);
  const onDemand: string[] = [];
  const others: string[] = [];
  for (const statement of file.statements) {
    const text = script.slice(statement.getFullStart(), statement.getEnd()).trim();
    (isOnDemand(statement) ? onDemand : others).push(text);
  }
  return [...onDemand, ...others].join(PARTING);
}

/** Functions, and constants one by one: what holds no state can be let go of and made again. */
function isOnDemand(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return ts.isFunctionDeclaration(statement);
  const { flags, declarations } = statement.declarationList;
  return (flags & ts.NodeFlags.Const) !== 0 && declarations.length === 1;
}
