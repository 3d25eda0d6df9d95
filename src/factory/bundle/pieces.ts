/**
 * A bundle as a small unit can compile it: whole top-level statements, functions and constants first, parted by form
 * feeds (white space to any engine). A compiler's memory grows with what it is given at once, 839 KB for a whole bundle of
 * 127 KB against 304 KB a few statements at a time; functions come first because a later piece is not there to be hoisted.
 * @source PROTOCOL 9.4; docs/adr/0052-pieces.md
 */
import ts from "typescript";

/** Separates statements: a form feed. No statement may hold one: a minifier escapes it in texts, and a build refuses it elsewhere. */
export const SEPARATOR = "\f";

export interface Statement {
  readonly text: string;
  /** The source that it is from. */
  readonly path: string;
  readonly isOnDemand: boolean;
}

/**
 * The statements of a script's top level, in order.
 * @param script A script of ES2020 with a comment of the path in front of each source's first statement.
 * @param paths  Paths that count as such.
 */
export function statementsOf(script: string, paths: readonly string[] = []): readonly Statement[] {
  const file = ts.createSourceFile("bundle.js", script, ts.ScriptTarget.ES2020, false, ts.ScriptKind.JS);
  let path = "";
  return file.statements.map((statement) => {
    const before = script.slice(statement.getFullStart(), statement.getStart(file));
    for (const [, comment = ""] of before.matchAll(/^\/\/! (.+)$/gm)) if (paths.includes(comment)) path = comment;
    const text = script.slice(statement.getStart(file), statement.getEnd());
    return { text, path, isOnDemand: isOnDemand(statement) };
  });
}

/**
 * Functions of so many characters or more are compiled first. A compiler takes twenty times the bytes of a function, and the names of all that
 * was compiled before it lie in the same memory.
 */
const LARGE_CHARACTERS = 1_000;

const isLargeFunction = ({ text }: Statement) => text.length >= LARGE_CHARACTERS && /^(async )?function/.test(text);

/** What comes on demand first, large functions before the rest of it; then the others; each in their order. */
export function inOrder(statements: readonly Statement[]): readonly string[] {
  const onDemand = statements.filter((statement) => statement.isOnDemand);
  const large = onDemand.filter(isLargeFunction);
  const small = onDemand.filter((statement) => !isLargeFunction(statement));
  const others = statements.filter((statement) => !statement.isOnDemand);
  return [...large, ...small, ...others].map(({ text }) => text);
}

function isOnDemand(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return ts.isFunctionDeclaration(statement);
  const { flags, declarations } = statement.declarationList;
  return (flags & ts.NodeFlags.Const) !== 0 && declarations.length === 1;
}
