/**
 * Finds the hardware that an app opens by the IO classes of ECMA-419, and refuses what its board lacks. What an app computes at
 * run time can't be known here; the board then refuses it when it is opened.
 */
import ts from "typescript";
import {
  analogName,
  type BoardIo,
  type BoardPins,
  bankName,
  digitalName,
  type IoResource,
  i2cName,
  ioResources,
  MODES,
  pulseName,
  pwmName,
  serialName,
  spiName,
} from "#base/board-io.ts";

interface BoardToCheck {
  readonly board: string;
  readonly pins: BoardPins;
  readonly io?: BoardIo | undefined;
  /** Whether the bundle is for a test build, which has models where the emulator lacks hardware. */
  readonly isModelled?: boolean | undefined;
}

/** What an option is: a value, nothing, or something that is known at run time only. */
type Static = string | number | undefined | "at run time";
const AT_RUN_TIME = "at run time";

/** What an instance opens, by its options in the order that they are listed here. */
const OPENS: Readonly<Record<string, readonly [options: readonly string[], name: (...options: Static[]) => string]>> = {
  Digital: [["pin", "mode"], digitalName],
  DigitalBank: [["bank", "mode"], bankName],
  Analog: [["pin"], analogName],
  PWM: [["pin"], pwmName],
  PulseCount: [["signal", "control"], pulseName],
  I2C: [["data", "clock"], i2cName],
  SMBus: [["data", "clock"], i2cName],
  SPI: [["out", "in", "clock"], spiName],
  Serial: [["receive", "transmit"], serialName],
};

/** The IO class that an expression stands for, or undefined. */
function classOf(node: ts.Expression, checker: ts.TypeChecker): string | undefined {
  const symbol = checker.getTypeAtLocation(node).getSymbol();
  const file = symbol?.declarations?.[0]?.getSourceFile().fileName ?? "";
  const isOurs = symbol !== undefined && /[\\/]app[\\/]io[\\/][\w-]+\.(d\.)?ts$/.test(file);
  return isOurs && Object.hasOwn(OPENS, symbol.name) ? symbol.name : undefined;
}

function literalOf(type: ts.Type): Static {
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
  return (type.flags & ts.TypeFlags.Undefined) !== 0 ? undefined : AT_RUN_TIME;
}

function givenBy(node: ts.Expression, checker: ts.TypeChecker): Static {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  return literalOf(checker.getTypeAtLocation(node));
}

/** The object literal that an expression is, or that the constant of this name was declared with. */
function objectOf(node: ts.Expression, checker: ts.TypeChecker): ts.ObjectLiteralExpression | undefined {
  if (ts.isObjectLiteralExpression(node)) return node;
  if (!ts.isIdentifier(node)) return undefined;
  const declaration = checker.getSymbolAtLocation(node)?.valueDeclaration;
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined;
  const { initializer } = declaration;
  return initializer !== undefined && ts.isObjectLiteralExpression(initializer) ? initializer : undefined;
}

/** The value of an option, of which the last mention counts. */
function optionOf(options: ts.ObjectLiteralExpression, name: string, checker: ts.TypeChecker): Static {
  for (const property of [...options.properties].reverse()) {
    if (ts.isSpreadAssignment(property)) {
      const from = checker.getTypeAtLocation(property.expression);
      const found = from.getProperty(name);
      if (found !== undefined) return literalOf(checker.getTypeOfSymbolAtLocation(found, property));
    } else if (property.name?.getText() === name) {
      if (ts.isPropertyAssignment(property)) return givenBy(property.initializer, checker);
      if (ts.isShorthandPropertyAssignment(property)) return givenBy(property.name, checker);
      return AT_RUN_TIME;
    }
  }
  return undefined;
}

/** The class and the options of an instance: `new PWM({ ... })`, or `{ io: I2C, ... }` as a driver takes it. */
function openingOf(node: ts.Node, checker: ts.TypeChecker): readonly [string, ts.ObjectLiteralExpression] | undefined {
  if (ts.isNewExpression(node)) {
    const name = classOf(node.expression, checker);
    const options = node.arguments?.[0] && objectOf(node.arguments[0], checker);
    return name === undefined || options === undefined ? undefined : [name, options];
  }
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const io = node.properties.find((property) => property.name?.getText() === "io");
  const given = io && ts.isPropertyAssignment(io) ? io.initializer : undefined;
  const name = given && classOf(given, checker);
  return name === undefined ? undefined : [name, node];
}

const modeName = (mode: string): string =>
  Object.entries(MODES).find(([, number]) => String(number) === mode)?.[0] ?? mode;

/** The hardware in a maker's words: `PWM on pin vent`. */
function wordsOf(className: string, name: string): string {
  const [kind, ...parts] = name.split(" ").filter((part) => part !== "-");
  const mode = kind === "digital" || kind === "bank" ? parts.pop() : undefined;
  const pins = `${kind === "bank" ? "bank" : parts.length === 1 ? "pin" : "pins"} ${parts.join(", ")}`;
  return `${className} on ${pins}${mode === undefined ? "" : ` in mode ${modeName(mode)}`}`;
}

/** What is wrong with an opening, or undefined. */
function faultOf(
  className: string,
  options: ts.ObjectLiteralExpression,
  checker: ts.TypeChecker,
  { board, isModelled = false }: BoardToCheck,
  resources: readonly IoResource[],
): string | undefined {
  const [names, nameOf] = OPENS[className] as (typeof OPENS)[string];
  const values = names.map((name) => optionOf(options, name, checker));
  const name = nameOf(...values);
  const alike = resources.filter((resource) => resource.name.split(" ")[0] === name.split(" ")[0]);
  if (alike.length > 0 && values.includes(AT_RUN_TIME)) return undefined;
  const found = resources.find((resource) => resource.name === name);
  if (found === undefined) {
    if (alike.length === 0) return `board ${board} has no ${className}`;
    const has = alike.map((resource) => wordsOf(className, resource.name)).join("; ");
    return `board ${board} has no ${wordsOf(className, name)} (it has ${has})`;
  }
  if (!found.isModelled || isModelled) return undefined;
  return `${wordsOf(className, name)} of board ${board} is a model, in test builds only (bundle build --modelled)`;
}

/**
 * What a maker's file opens that its board lacks, a line for each place.
 * @param placeOf Words for a place in a file.
 */
export function ioFaults(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  asked: BoardToCheck,
  placeOf: (file: ts.SourceFile, at: number) => string,
): readonly string[] {
  const resources = ioResources(asked.pins, asked.io);
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const [className, options] = openingOf(node, checker) ?? [];
    const fault =
      className === undefined || options === undefined
        ? undefined
        : faultOf(className, options, checker, asked, resources);
    const line = fault && `${placeOf(file, node.getStart())}: ${fault}`;
    if (line !== undefined && !faults.includes(line)) faults.push(line);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}
