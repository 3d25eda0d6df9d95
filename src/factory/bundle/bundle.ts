/** The device bundle: runtime, board and app in one script of ES2020, as the engine on the unit runs it. */
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { build, type Plugin, transform } from "esbuild";
import { toHex } from "#base/bytes.ts";
import { readAuthorities } from "#factory/authorities.ts";
import type { FlashConfig } from "#factory/config.ts";
import { appImports } from "./app-imports.ts";
import { boardData } from "./board-data.ts";
import { markOf } from "./bundle-mark.ts";
import { withConstantsInPlace, withConstantsMarked } from "./constants.ts";
import { type Edits, faultsByNumber } from "./faults.ts";
import { keptNames } from "./kept-names.ts";
import { withPlaces, withStatements } from "./names.ts";
import { nodeModules } from "./package-check.ts";
import { inOrder, SEPARATOR, type Statement, statementsOf } from "./pieces.ts";
import { placesOf } from "./places.ts";
import { shortNames } from "./short-names.ts";
import { shownPath } from "./shown-path.ts";
import { releaseMarks } from "./statement-marks.ts";

const ENTRY = "entry.ts";
const STYLE = { target: "es2020", minifySyntax: true, charset: "ascii" } as const;

export interface Bundle {
  /** The text in ASCII, as it ships. */
  readonly bytes: Uint8Array;
  /** Bytes that each source file contributes, by path from the repository's root. */
  readonly shares: ReadonlyMap<string, number>;
  /** Names in the sources by the short ones that a unit speaks of, and where the maker's functions stand (names.ts). */
  readonly names: ReadonlyMap<string, string>;
}

/** Thrown when the sources don't build; the message is esbuild's first complaint with file and line. */
export class BundleError extends Error {
  override name = "BundleError";
}

/** What a bundle is made for: the part of flash.config.json that counts here. */
export interface Product {
  readonly product?: string;
  /** The app's entry, which exports `app`. */
  readonly app: string;
  /** Folder name in boards/; its main.ts exports `start`. */
  readonly board: string;
  readonly onboarding: {
    readonly legacy: readonly Legacy[];
    readonly softAp: boolean;
    readonly improv?: boolean | undefined;
  };
  /** Origins of the pages that may speak with a unit on its network. */
  readonly appOrigins?: readonly string[];
  readonly time?: { readonly servers: readonly string[] };
  /** The PEM file of the authorities for the app's `fetch`, which the bundle holds only with it. */
  readonly fetch?: { readonly ca: string } | undefined;
  /** Whether errors of the app name the failing statement. */
  readonly lines?: boolean;
}

type Legacy = FlashConfig["onboarding"]["legacy"][number];

/** Which release the bundle tells that it is, and when it was built (Unix seconds). */
export interface BundleBuild {
  readonly release: string;
  readonly atS: number;
  /** The app's description, in the parts in which a unit tells it (wire/describe.ts). */
  readonly description?: readonly string[];
}

/** What src/device/onboarding/legacy-protocols.ts calls the protocols that flash.config.json switches on. */
const LEGACY: Readonly<Record<Legacy, string>> = {
  "esptouch-v1": "esptouchV1",
  "esptouch-v2": "esptouchV2",
  airkiss: "airkiss",
  "ti-smartconfig": "tiSmartconfig",
  "tuya-ez": "tuyaEz",
};

/**
 * A maker's app alone, for a trial of its definition and start before anything is built of it: `judge` is called with `app`.
 * @returns The script of ES2020, names whole, and its source map.
 */
export async function appScript(app: string): Promise<{ readonly script: string; readonly map: string }> {
  const contents = [
    'import { provideIo } from "#device/app-io.ts";',
    'import { provideUnit } from "#device/late-machine.ts";',
    `import { app } from ${JSON.stringify(resolve(app))};`,
    // It may say that it wants to sleep; nothing comes of it here.
    "provideUnit({ port: native, add: () => () => undefined });",
    // A trial has no network: nobody answers.
    "Object.assign(globalThis, { fetch: () => new Promise(() => undefined) }); provideIo(native.io); globalThis.judge(app);",
  ].join(" ");
  const result = await build({
    target: "es2020",
    stdin: { contents, resolveDir: ".", sourcefile: ENTRY, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    outfile: "app.js",
    sourcemap: "external",
    plugins: [appImports, nodeModules],
    logLevel: "silent",
  }).catch((error: unknown) => {
    throw asBundleError(error);
  });
  const textOf = (end: string) => result.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  return { script: textOf("app.js"), map: textOf(".map") };
}

/** Builds a product's bundle. Names become short, each by itself: a small fix makes a small patch. */
export async function buildBundle(product: Product, build: BundleBuild): Promise<Bundle> {
  const entry = bundleEntry(product, build);
  if (product.lines !== true) return buildScript(entry);
  const { inputs } = await bundled(entry, new Map(), []).catch((error: unknown) => {
    throw asBundleError(error);
  });
  const { plugin, places } = releaseMarks(inputs.filter((path) => !OURS.test(path) && existsSync(path)));
  const bundle = await buildScript(entry, new Map(), [plugin]);
  return { ...bundle, names: withStatements(bundle.names, places) };
}

/**
 * The entry of a product's bundle. It imports what the product switched on, so the bundle holds nothing else.
 * @param appText What is started: an expression over `app`.
 */
export function bundleEntry(product: Product, build: BundleBuild, appText = "app"): string {
  const { app, board, onboarding, appOrigins = [], time } = product;
  const timeServers = time?.servers ?? [];
  const authorities = product.fetch && toHex(readAuthorities(product.fetch.ca, "fetch.ca"));
  const legacy = onboarding.legacy.map((name) => LEGACY[name]).join(", ");
  const portal = onboarding.softAp ? ", portal: createPortal" : "";
  const improv = onboarding.improv === true ? ", improv: createImprov" : "";
  const { description = [], ...about } = build;
  return [
    `import { start } from "./boards/${board}/main.ts";`,
    `import { app } from ${JSON.stringify(isAbsolute(app) ? app : `./${app}`)};`,
    `import { ${legacy} } from "#device/onboarding/legacy-protocols.ts";`,
    ...(authorities === undefined
      ? []
      : [
          'import { createFetch } from "#device/fetch/fetch.ts";',
          `Object.assign(globalThis, { fetch: createFetch(${JSON.stringify(authorities)}, ${build.atS}) });`,
        ]),
    ...(onboarding.softAp ? [`import { createPortal } from "#device/onboarding/portal.ts";`] : []),
    ...(onboarding.improv === true ? [`import { createImprov } from "#device/onboarding/improv.ts";`] : []),
    // Each part by itself, so that a unit loads the one that it is asked for.
    ...description.map((text, part) => `const DESCRIPTION_${part} = ${JSON.stringify(text)};`),
    `function described(part) { ${description.map((_, part) => `if (part === ${part}) return [${description.length}, DESCRIPTION_${part}];`).join(" ")} }`,
    `const made = ${JSON.stringify(markOf(board, build, onboarding))};`,
    `start(${appText}, { ...${JSON.stringify({ ...about, appOrigins, timeServers })}, made, described }, { legacy: [${legacy}]${portal}${improv} });`,
  ].join("\n");
}

/** Where a name in capitals stands for a value that nobody changes: our own code. */
const OURS = /^(src\/(base|codec|wire|trust|device)|boards)\//;

/** Names that the maker's code declares, or code that it brings along. */
function declaredElsewhere(paths: Iterable<string>): string[] {
  return [...paths]
    .filter((path) => !OURS.test(path) && existsSync(path))
    .flatMap((path) => [...readFileSync(path, "utf8").matchAll(/\b(?:const|let|var|class)\s+(\w+)/g)])
    .map(([, name = ""]) => name);
}

/**
 * Builds one script for a unit's engine of an entry's text; its imports are relative to the repository's root. Tests edit sources.
 * @param plugins What else is done to the maker's sources.
 * @param shared  Sources whose names stay whole beside those that always do (kept-names.ts).
 */
export async function buildScript(
  entry: string,
  edits: Edits = new Map(),
  plugins: readonly Plugin[] = [],
  shared: readonly string[] = [],
): Promise<Bundle> {
  try {
    const { text, inputs } = await bundled(entry, edits, plugins);
    // Folds what the constants made foldable, and removes their declarations where nobody uses them any more.
    const folded = await transform(withPathsLegal(withConstantsInPlace(text)), {
      ...STYLE,
      format: "esm",
      treeShaking: true,
      legalComments: "inline",
    });
    const marked = withConstantsMarked(folded.code, declaredElsewhere(inputs));
    const { script, names: short } = shortNames(marked, keptNames(inputs, entry, shared));
    const names = withPlaces(short, placesOf(inputs.filter((path) => !OURS.test(path))));
    const statements = await Promise.all(statementsOf(script, inputs).map(minified));
    const pieces = statements.filter(({ text }) => text !== "");
    const broken = pieces.find(({ text }) => text.includes(SEPARATOR));
    if (broken !== undefined) {
      throw new BundleError(
        `${broken.path}: a literal holds a form feed (U+000C), which separates statements. Write \\f`,
      );
    }
    const shares = new Map<string, number>();
    for (const { path, text } of pieces) shares.set(path, (shares.get(path) ?? 0) + text.length + SEPARATOR.length);
    return { bytes: new TextEncoder().encode(inOrder(pieces).join(SEPARATOR)), shares, names };
  } catch (error) {
    throw asBundleError(error);
  }
}

/** esbuild's first complaint as `file:line:column: text`; any other error as it is. */
export function asBundleError(error: unknown): unknown {
  type Complaint = { text: string; location?: { file: string; line: number; column: number } | null };
  const [first] = (error as { errors?: Complaint[] }).errors ?? [];
  if (first === undefined) return error;
  const { location, text } = first;
  if (!location) return new BundleError(text);
  const { file, line, column } = location;
  return new BundleError(`${shownPath(file)}:${line}:${column + 1}: ${text}`);
}

/** All sources in one script, names whole, a comment with the path in front of each source's statements. */
async function bundled(
  entry: string,
  edits: Edits,
  more: readonly Plugin[],
): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const result = await build({
    ...STYLE,
    stdin: { contents: entry, resolveDir: ".", sourcefile: ENTRY, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    legalComments: "none",
    metafile: true,
    define: { "Number.POSITIVE_INFINITY": "Infinity", "Number.MAX_SAFE_INTEGER": String(Number.MAX_SAFE_INTEGER) },
    plugins: [appImports, nodeModules, boardData, faultsByNumber(edits), ...more],
    logLevel: "silent",
  });
  return { text: result.outputFiles[0]?.text ?? "", inputs: Object.keys(result.metafile.inputs) };
}

/** Comments with paths as legal ones, which a minifier leaves alone. */
function withPathsLegal(script: string): string {
  return script.replaceAll(/^\/\/ /gm, "//! ");
}

async function minified(statement: Statement): Promise<Statement> {
  const { code } = await transform(statement.text, { ...STYLE, minifyWhitespace: true, legalComments: "none" });
  return { ...statement, text: code.trim() };
}
