/** No property of the runtime that is looked up by a computed name may be shortened: the compiler's types know which are. */
import { dirname } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { keptNames } from "#factory/bundle/kept-names.ts";

const BOARD = "sim";
const APP = "test/apps/lamp.ts";
/** With everything that can be switched on. */
const ONBOARDING = {
  legacy: ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"],
  softAp: true,
} as const;
const LISTS = new Set(["keys", "entries", "hasOwn"]);

function program(): ts.Program {
  const path = ts.findConfigFile(".", ts.sys.fileExists, "src/device/tsconfig.json") as string;
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  const rootNames = [`boards/${BOARD}/main.ts`, APP];
  return ts.createProgram({
    rootNames,
    options: { ...options, noEmit: true, composite: false, skipLibCheck: true, resolveJsonModule: true },
  });
}

/** What an expression may look up by a name that is not in it: the names, when the types know them. */
function lookedUp(node: ts.Node, checker: ts.TypeChecker): readonly string[] {
  const namesOf = (object: ts.Expression) =>
    checker.getPropertiesOfType(checker.getTypeAtLocation(object)).map(({ name }) => name);
  if (ts.isElementAccessExpression(node)) {
    const index = checker.getTypeAtLocation(node.argumentExpression);
    if ((index.flags & ts.TypeFlags.NumberLike) !== 0) return [];
    const choices = index.isUnion() ? index.types : [index];
    return choices.every((choice) => choice.isStringLiteral())
      ? choices.map((choice) => (choice as ts.StringLiteralType).value)
      : namesOf(node.expression);
  }
  if (ts.isForInStatement(node)) return namesOf(node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
    return ts.isStringLiteral(node.left) ? [node.left.text] : namesOf(node.right);
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression, name } = node.expression;
  const isList =
    ts.isIdentifier(expression) &&
    ((expression.text === "Object" && LISTS.has(name.text)) ||
      (expression.text === "JSON" && name.text === "stringify"));
  return isList ? namesOf(node.arguments[0] as ts.Expression) : [];
}

test("whatever is looked up by a computed name keeps its name", async () => {
  const whole = program();
  const checker = whole.getTypeChecker();
  const files = whole
    .getSourceFiles()
    .filter(({ fileName }) => /\/src\/(base|codec|wire|trust|device)\/[^:]*(?<!\.d)\.ts$/.test(fileName));
  const { names, shares } = await buildBundle(
    { board: BOARD, app: APP, onboarding: ONBOARDING },
    { release: "1", atS: 0 },
  );
  const kept = keptNames(shares.keys(), "");
  const shortened = new Set([...names.values()].filter((name) => !kept.has(name)));
  const lost: string[] = [];
  let lookups = 0;
  const see = (node: ts.Node): void => {
    for (const name of lookedUp(node, checker)) {
      lookups++;
      if (shortened.has(name)) lost.push(`${node.getSourceFile().fileName}: ${node.getText()}: ${name}`);
    }
    ts.forEachChild(node, see);
  };
  for (const file of files) see(file);
  expect(shortened.size).toBeGreaterThan(300);
  expect(lookups).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});
