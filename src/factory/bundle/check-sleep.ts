/** Refuses an app that sleeps on a board which can't, and a sleep until a pin that wakes nothing. */
import { resolve } from "node:path";
import ts from "typescript";

interface BoardToCheck {
  readonly board: string;
  readonly sleep?: { readonly pins: readonly string[] } | undefined;
}

const SLEEP = resolve("src/app/sleep.ts");

/** Whether a call is one of our `sleep`, and not of some other function of this name. */
function isSleep(call: ts.CallExpression, checker: ts.TypeChecker): boolean {
  const declaration = checker.getResolvedSignature(call)?.declaration;
  if (declaration === undefined || !ts.isFunctionDeclaration(declaration)) return false;
  return declaration.name?.text === "sleep" && resolve(declaration.getSourceFile().fileName) === SLEEP;
}

/** The text that the call gives for `untilPin`; undefined where it gives none or computes it. */
function pinOf({ arguments: [options] }: ts.CallExpression): ts.StringLiteralLike | undefined {
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined;
  const property = options.properties.find(({ name }) => name?.getText() === "untilPin");
  const given = property && ts.isPropertyAssignment(property) ? property.initializer : undefined;
  return given !== undefined && ts.isStringLiteralLike(given) ? given : undefined;
}

/** @param placeOf Words for a place in a file. */
export function sleepFaults(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  { board, sleep }: BoardToCheck,
  placeOf: (file: ts.SourceFile, at: number) => string,
): readonly string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isSleep(node, checker)) {
      const pin = pinOf(node);
      if (sleep === undefined) faults.push(`${placeOf(file, node.getStart())}: board ${board} cannot sleep`);
      else if (pin !== undefined && !sleep.pins.includes(pin.text)) {
        const has = sleep.pins.length === 0 ? "no pin does" : `${sleep.pins.join(", ")} can`;
        faults.push(`${placeOf(file, pin.getStart())}: pin "${pin.text}" of board ${board} ends no sleep (${has})`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}
