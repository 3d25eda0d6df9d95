/**
 * Inlines a bundle's constants. `BLOCK_BYTES` and `OWN.key` each cost a unit a name, a property of the global object
 * and a look-up; a number or a short text in their place costs nothing. By this repository's convention a name in
 * capitals stands for a value that never changes.
 * @source docs/adr/0055-nothing-resident.md
 */
import ts from "typescript";

type Primitive = number | string | boolean;
type Known = Primitive | ReadonlyMap<string, Primitive>;

const CONSTANT = /^[A-Z][A-Z0-9_]*$/;
/** A longer text stays where it is, once. */
const TEXT_CHARACTERS_MAX = 24;
const MUTATORS = /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin)$/;

function parse(script: string): ts.SourceFile {
  return ts.createSourceFile("bundle.js", script, ts.ScriptTarget.ES2020, true, ts.ScriptKind.JS);
}

/** Whether a name stands for a value that nobody changes; JSON that was imported is called so by the bundler. */
function isConstantName(name: string): boolean {
  return CONSTANT.test(name) || name.endsWith("_default");
}

/** The identifier that a chain of member accesses begins with. */
function rootOf(node: ts.Node): ts.Identifier | undefined {
  let at = node;
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at : undefined;
}

function changedBy(node: ts.Node): ts.Identifier | undefined {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const isAssignment = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return isAssignment ? rootOf(node.left) : undefined;
  }
  if (ts.isPostfixUnaryExpression(node)) return rootOf(node.operand);
  if (ts.isPrefixUnaryExpression(node)) {
    const isChange = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    return isChange ? rootOf(node.operand) : undefined;
  }
  if (ts.isDeleteExpression(node)) return rootOf(node.expression);
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  return MUTATORS.test(node.expression.name.text) ? rootOf(node.expression.expression) : undefined;
}

/** Names that are assigned to, or whose value is changed in place, or that are declared below the top level as well. */
function changedNames(file: ts.SourceFile): ReadonlySet<string> {
  const changed = new Set<string>();
  const visit = (node: ts.Node): void => {
    const root = changedBy(node);
    if (root !== undefined) changed.add(root.text);
    const isDeclared = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
    if (isDeclared && ts.isIdentifier(node.name) && node.parent.parent.parent !== file) changed.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return changed;
}

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
  "|": (a, b) => a | b,
  "&": (a, b) => a & b,
  "<<": (a, b) => a << b,
};

/** The value of an expression of literals and known constants. */
function constantValue(node: ts.Expression, known: ReadonlyMap<string, Known>): Known | undefined {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isParenthesizedExpression(node)) return constantValue(node.expression, known);
  if (ts.isIdentifier(node)) return known.get(node.text);
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    if (text === "Number.POSITIVE_INFINITY") return Number.POSITIVE_INFINITY;
    if (text === "Number.MAX_SAFE_INTEGER") return Number.MAX_SAFE_INTEGER;
    if (text === "Math.PI") return Math.PI;
    const table = ts.isIdentifier(node.expression) ? known.get(node.expression.text) : undefined;
    return table instanceof Map ? (table.get(node.name.text) as Primitive | undefined) : undefined;
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const value = constantValue(node.operand, known);
    if (typeof value !== "number") return undefined;
    if (node.operator === ts.SyntaxKind.MinusToken) return -value;
    if (node.operator === ts.SyntaxKind.TildeToken) return ~value;
    if (node.operator === ts.SyntaxKind.ExclamationToken) return value === 0;
    return undefined;
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [constantValue(node.left, known), constantValue(node.right, known)];
    const operation = OPERATIONS[node.operatorToken.getText()];
    return typeof left === "number" && typeof right === "number" ? operation?.(left, right) : undefined;
  }
  return ts.isObjectLiteralExpression(node) ? tableOf(node, known) : undefined;
}

/** A table of names and primitive values; undefined when it holds anything else. */
function tableOf(node: ts.ObjectLiteralExpression, known: ReadonlyMap<string, Known>): Known | undefined {
  const table = new Map<string, Primitive>();
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property)) return undefined;
    const { name } = property;
    const value = constantValue(property.initializer, known);
    if (value === undefined || typeof value === "object") return undefined;
    if (!ts.isIdentifier(name) && !ts.isStringLiteral(name) && !ts.isNumericLiteral(name)) return undefined;
    table.set(name.text, value);
  }
  return table;
}

function literalOf(value: Primitive): string {
  if (typeof value !== "number") return typeof value === "string" ? JSON.stringify(value) : value ? "!0" : "!1";
  return value < 0 || !Number.isFinite(value) ? `(${value === Number.POSITIVE_INFINITY ? "1/0" : value})` : `${value}`;
}

const isShort = (value: Primitive) => typeof value !== "string" || value.length <= TEXT_CHARACTERS_MAX;

/** Whether an identifier is a use of a variable, not the name of a property or of what is declared. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) return parent.name !== node;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return parent.initializer === node;
  return !ts.isBindingElement(parent) || parent.initializer === node;
}

/** Puts constants where they are used. What is then used no more is left to the minifier to remove. */
export function withConstantsInPlace(script: string): string {
  const file = parse(script);
  const changed = changedNames(file);
  const known = new Map<string, Known>();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined) continue;
      if (!isConstantName(name.text) || changed.has(name.text)) continue;
      const value = constantValue(initializer, known);
      if (value !== undefined) known.set(name.text, value);
    }
  }
  const edits: { start: number; end: number; text: string }[] = [];
  const put = (node: ts.Node, value: Primitive, prefix = "") => {
    const literal = literalOf(value);
    const isOwner = typeof value === "number" && ts.isPropertyAccessExpression(node.parent);
    edits.push({ start: node.getStart(), end: node.getEnd(), text: prefix + (isOwner ? `(${literal})` : literal) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const table = known.get(node.expression.text);
      const value = table instanceof Map ? (table.get(node.name.text) as Primitive | undefined) : undefined;
      if (value !== undefined && isShort(value)) return put(node, value);
    }
    if (ts.isIdentifier(node) && isUse(node)) {
      const value = known.get(node.text);
      if (value === undefined || typeof value === "object" || !isShort(value)) return;
      return put(node, value, ts.isShorthandPropertyAssignment(node.parent) ? `${node.text}:` : "");
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  let text = "";
  let at = 0;
  for (const edit of edits) {
    text += script.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + script.slice(at);
}

/** Whether a declaration of the top level gives a name to a value that nobody changes: by its name, or an arrow function. */
function isConstant(declaration: ts.VariableDeclaration, changed: ReadonlySet<string>): boolean {
  const name = declaration.name.getText();
  const isOther = changed.has(name) || changed.has(name.replace(/\d+$/, ""));
  const { initializer } = declaration;
  if (initializer === undefined || isOther) return false;
  return isConstantName(name) || ts.isArrowFunction(initializer);
}

/** Whether making this value takes one of these names; what a function in it uses is needed later. */
function takes(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isIdentifier(node) && isUse(node) && names.has(node.text)) return true;
  return ts.forEachChild(node, (child) => takes(child, names) || undefined) === true;
}

/** Adds the constants that are made of a variable: constants are there before the variables get their values. */
function addLateOnes(file: ts.SourceFile, changed: Set<string>): void {
  const late = new Set<string>();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      const { name, initializer } = declaration;
      const isLate = !isConstant(declaration, changed) || (initializer !== undefined && takes(initializer, late));
      if (isLate && ts.isIdentifier(name)) late.add(name.text);
      if (isLate && isConstant(declaration, changed)) changed.add(name.getText());
    }
  }
}

/** Names that something uses, through constants that are used themselves. */
function usedNames(file: ts.SourceFile, changed: ReadonlySet<string>): ReadonlySet<string> {
  const used = new Set<string>();
  const constants = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    const isTop = ts.isVariableDeclaration(node) && node.parent.parent.parent === file;
    if (isTop && isConstant(node, changed)) return void constants.set(node.name.getText(), node);
    if (ts.isIdentifier(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const name of used) {
    const declaration = constants.get(name);
    if (declaration !== undefined) ts.forEachChild(declaration, visit);
  }
  return used;
}

/**
 * Parts the top level's declarations, and makes those of values that nobody changes `const`; leaves out the unused.
 * @param foreign Names that other code than ours declares, which may follow other rules; they stay as they are.
 */
export function withConstantsMarked(script: string, foreign: Iterable<string> = []): string {
  const file = parse(script);
  const changed = new Set([...changedNames(file), ...foreign]);
  addLateOnes(file, changed);
  const used = usedNames(file, changed);
  const parted = (statement: ts.Statement) => {
    if (!ts.isVariableStatement(statement)) return [statement.getText()];
    return statement.declarationList.declarations.flatMap((declaration) => {
      if (!isConstant(declaration, changed)) return [`var ${declaration.getText()};`];
      return used.has(declaration.name.getText()) ? [`const ${declaration.getText()};`] : [];
    });
  };
  const comment = (statement: ts.Statement) => script.slice(statement.getFullStart(), statement.getStart()).trim();
  const parts = file.statements.flatMap((statement) => [comment(statement), ...parted(statement)]);
  return parts.filter((part) => part !== "").join("\n");
}
