/**
 * Checks a maker's app before it is built: its types against what a unit really has, its `app` export, and the pins that it
 * names. What passes here has no name in it that the unit lacks.
 */
import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import ts from "typescript";
import type { BoardIo } from "#base/board-io.ts";
import { BundleError } from "./bundle.ts";
import { ioFaults } from "./check-io.ts";
import { sleepFaults } from "./check-sleep.ts";
import { absentOf, withoutAbsent } from "./unit-library.ts";

interface AppToCheck {
  /** The app's entry. */
  readonly app: string;
  /** The board's name and pins, as in board.json. */
  readonly board: string;
  readonly pins: Readonly<Record<string, "output" | "input" | "level">>;
  /** Its further hardware, as in board.json. */
  readonly io?: BoardIo | undefined;
  /** Pins that end a sleep, as in board.json; undefined on a board that can't sleep. */
  readonly sleep?: { readonly pins: readonly string[] } | undefined;
  /** True where the app may `fetch`; else why not. */
  readonly fetch?: true | string | undefined;
  /** Whether the bundle is for a test build, which has models where the emulator lacks hardware. */
  readonly isModelled?: boolean | undefined;
  /** What the unit's engine leaves out, as in `globalThis.Date` and `String.prototype.normalize`. */
  readonly absent: readonly string[];
}

const INTERFACE = resolve("src/device/app-interface.ts");
/** What makers write apps with. */
const DEVICE = resolve("src/app/index.ts");
/** The runtime's own sources, which other checks hold. */
const OURS = ["src/base", "src/codec", "src/wire", "src/trust", "src/device", "boards"].map(
  (path) => resolve(path) + sep,
);
/** What it finds beside the language. */
const GLOBALS = resolve("src/app/globals.d.ts");
const FETCH = resolve("src/app/fetch-globals.d.ts");
const DEFINITION = dirname(DEVICE) + sep;
const isOurs = (path: string) => OURS.some((of) => path.startsWith(of));
/** Sources that don't change between two checks. */
const parsed = new Map<string, ts.SourceFile>();
const FOUND = "an app finds the language of ES2020 with timers and console, without Date, Intl and network";

function optionsFor(app: string): ts.CompilerOptions {
  const isScript = /\.[cm]?jsx?$/.test(app);
  return {
    target: ts.ScriptTarget.ES2020,
    lib: ["lib.es2020.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { "#app/*": [resolve("src/app/*")], "latchkey/device": [DEVICE] },
    types: [],
    strict: true,
    noImplicitAny: !isScript,
    allowJs: true,
    checkJs: isScript,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
  };
}

function programOf({ app, absent, fetch }: AppToCheck): ts.Program {
  const options = optionsFor(app);
  const host = ts.createCompilerHost(options, true);
  const libraries = resolve(ts.getDefaultLibFilePath(options), "..");
  const gone = absentOf(absent);
  const read = host.getSourceFile.bind(host);
  const key = absent.join();
  host.getSourceFile = (name, languageVersion, ...more) => {
    const known = parsed.get(key + name);
    if (known !== undefined) return known;
    const isLibrary = resolve(name).startsWith(libraries + sep);
    let file = read(name, languageVersion, ...more);
    if (file !== undefined && isLibrary) {
      file = ts.createSourceFile(name, withoutAbsent(file, gone), languageVersion, true);
    }
    if (file !== undefined && (isLibrary || isOurs(resolve(name)))) parsed.set(key + name, file);
    return file;
  };
  return ts.createProgram([resolve(app), INTERFACE, GLOBALS, ...(fetch === true ? [FETCH] : [])], options, host);
}

/** `file:line:column`, the file as the maker named its folder. */
function placeOf(file: ts.SourceFile, at: number): string {
  const { line, character } = file.getLineAndCharacterOfPosition(at);
  const path = relative(".", file.fileName);
  return `${path.startsWith("..") ? file.fileName : path}:${line + 1}:${character + 1}`;
}

/** The first line of a message, and the reason at the bottom of it. */
function wordsOf(text: string | ts.DiagnosticMessageChain): string {
  if (typeof text === "string") return text.split("\n")[0] as string;
  let last = text;
  while (last.next?.[0] !== undefined) last = last.next[0];
  return last === text ? text.messageText : `${text.messageText} ${last.messageText}`;
}

function lineOf(fault: ts.Diagnostic, noFetch: true | string | undefined): string {
  const words = wordsOf(fault.messageText);
  const where = fault.file === undefined ? "" : `${placeOf(fault.file, fault.start ?? 0)}: `;
  const [, missing] = /^Cannot find name '([\w$]+)'/.exec(words) ?? [];
  const [, member] = /^Property '(normalize|localeCompare)' does not exist/.exec(words) ?? [];
  const [, answer] =
    /^Type '(?:\(.*?\) => )?(?:Promise<)?(.*?)>?' is not assignable to type '(?:void \| )?(?:Cbor|OrPromise<)/.exec(
      words,
    ) ?? [];
  if (answer !== undefined) {
    return `${where}a caller cannot be told ${answer} (expected a number, text, boolean, null, Uint8Array, array or Map)`;
  }
  const name = missing ?? member;
  if (name === "fetch" && typeof noFetch === "string") return `${where}a unit has no fetch: ${noFetch}`;
  return name === undefined ? where + words.replace(/\.$/, "") : `${where}a unit has no ${name}: ${FOUND}`;
}

/** Refuses with the first of some faults, and how many more there are. */
function refuse(lines: readonly string[]): never {
  const more = lines.length === 1 ? "" : ` (and ${lines.length - 1} more)`;
  throw new BundleError(`${lines[0]}${more}`);
}

/** What is wrong with a call of `io.pin("name")`, or undefined. */
function pinFault(call: ts.CallExpression, checker: ts.TypeChecker, { board, pins }: AppToCheck): string | undefined {
  const [argument] = call.arguments;
  if (!ts.isPropertyAccessExpression(call.expression) || call.expression.name.text !== "pin") return undefined;
  if (argument === undefined || !ts.isStringLiteralLike(argument)) return undefined;
  const declared = checker.getResolvedSignature(call)?.declaration?.getSourceFile().fileName;
  if (declared === undefined || resolve(declared) !== INTERFACE) return undefined;
  const where = placeOf(call.getSourceFile(), argument.getStart());
  const kind = Object.hasOwn(pins, argument.text) ? pins[argument.text] : undefined;
  if (kind === undefined) {
    return `${where}: board ${board} has no pin "${argument.text}" (it has ${Object.keys(pins).join(", ")})`;
  }
  const { parent } = call;
  const isWritten = ts.isPropertyAccessExpression(parent) && parent.name.text === "write";
  return isWritten && kind !== "output"
    ? `${where}: pin "${argument.text}" of board ${board} is an ${kind === "level" ? "analogue input" : "input"} and cannot be written`
    : undefined;
}

function pinFaults(file: ts.SourceFile, checker: ts.TypeChecker, asked: AppToCheck): readonly string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = ts.isCallExpression(node) ? pinFault(node, checker, asked) : undefined;
    if (fault !== undefined) faults.push(fault);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}

/** Whether the entry exports what defineDevice gives, under the name `app`. */
function checkExport(program: ts.Program, checker: ts.TypeChecker, app: string): void {
  const entry = program.getSourceFile(resolve(app)) as ts.SourceFile;
  const module = checker.getSymbolAtLocation(entry);
  const exported = module && checker.getExportsOfModule(module).find(({ name }) => name === "app");
  if (exported === undefined) {
    refuse([`${app}: exports no \`app\` (expected: export const app = defineDevice({ ... }))`]);
  }
  const wanted = checker.getSymbolAtLocation(program.getSourceFile(INTERFACE) as ts.SourceFile);
  const type = wanted && checker.getExportsOfModule(wanted).find(({ name }) => name === "App");
  const given = checker.getTypeOfSymbolAtLocation(exported, entry);
  if (type === undefined || !checker.isTypeAssignableTo(given, checker.getDeclaredTypeOfSymbol(type))) {
    refuse([`${app}: \`app\` is not what defineDevice gives (expected: export const app = defineDevice({ ... }))`]);
  }
}

/** @throws BundleError in one line, with the maker's own file, line and column. */
export function checkApp(asked: AppToCheck): void {
  if (!existsSync(asked.app))
    throw new BundleError(`there is no app ${asked.app}; name it under app in flash.config.json`);
  const program = programOf(asked);
  const checker = program.getTypeChecker();
  const isMakers = ({ fileName }: ts.SourceFile) => {
    const path = resolve(fileName);
    return (
      !path.includes(`${sep}node_modules${sep}`) &&
      !(path.startsWith(DEFINITION) && path !== resolve(asked.app)) &&
      !isOurs(path)
    );
  };
  const files = program.getSourceFiles().filter(isMakers);
  const faults = files.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  if (faults.length > 0) refuse(faults.map((fault) => lineOf(fault, asked.fetch)));
  checkExport(program, checker, asked.app);
  const pins = files.flatMap((file) => pinFaults(file, checker, asked));
  if (pins.length > 0) refuse(pins);
  // All of it at once: a maker who picks a board wants to know everything that it lacks.
  const io = files.flatMap((file) => [
    ...ioFaults(file, checker, asked, placeOf),
    ...sleepFaults(file, checker, asked, placeOf),
  ]);
  if (io.length > 0) throw new BundleError(io.join("; "));
}
