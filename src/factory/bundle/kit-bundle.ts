/**
 * What a development kit runs (ADR 0174): a bundle with the runtime, which stays, and the script of the app beside it, which each save
 * replaces. The script speaks of the runtime by whole names, so the bundle keeps those.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { PIECE_END } from "#wire/lines/development-app.ts";
import { appImports } from "./app-imports.ts";
import { asBundleError, type BundleBuild, BundleError, buildScript, type Product } from "./bundle.ts";
import { developmentEntry } from "./development-bundle.ts";
import { nodeModules } from "./package-check.ts";
import { statementMarks } from "./statement-marks.ts";

/** Modules with a memory of their own, of which there may be one on a unit; and what of each the classes of apps use. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  "app-io": ["openIo", "closeIo", "watchIo"],
  "app-sleep": ["sleeperFor", "keptValues"],
  "running-statement": ["running"],
};

/** Where the names stand that an app and the runtime say to each other. */
const SPOKEN = [
  "app-interface",
  "app-io",
  "app-clock",
  "app-globals",
  "app-sleep",
  "fetch/fetch",
  "fetch/http-answer",
  "running-statement",
];

function spokenSources(): readonly string[] {
  const ofApps = readdirSync("src/app", { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.startsWith("testing/"));
  return [...ofApps.map((path) => `src/app/${path}`), ...SPOKEN.map((name) => `src/device/${name}.ts`)];
}

/** What counts here of a board. */
interface KitBoard {
  readonly name: string;
  readonly sleep?: object | undefined;
  readonly flash: { readonly regions: { readonly jsB: { readonly start: number; readonly bytes: number } } };
}

/** The modules that a board's bundle hands to the script. */
const sharedOn = ({ sleep }: KitBoard) =>
  Object.entries(SHARED).filter(([module]) => module !== "app-sleep" || sleep !== undefined);

/** @param part A piece of bundleEntry's text. @throws Error when the entry has no such piece any more. */
function replaced(entry: string, part: RegExp, text: string): string {
  if (!part.test(entry)) throw new Error(`the entry of a bundle has no ${part}`);
  return entry.replace(part, text);
}

/** The bundle that stays. @throws BundleError */
export async function buildKitBundle(product: Product, board: KitBoard, made: BundleBuild): Promise<Uint8Array> {
  const shared = sharedOn(board);
  const { start, bytes } = board.flash.regions.jsB;
  const imports = shared.map(([module, names]) => `import { ${names.join(", ")} } from "#device/${module}.ts";`);
  const modules = `{ ${shared.map(([module, names]) => `"${module}": { ${names.join(", ")} }`).join(", ")} }`;
  let entry = developmentEntry({ ...product, board: board.name }, { ...made, description: [] });
  entry = replaced(
    entry,
    /^import \{ app \} from .*$/m,
    [
      `import { developmentApp } from "#device/development-app.ts";`,
      ...imports,
      `const kit = developmentApp(developmentPort, { start: ${start}, bytes: ${bytes} }, ${modules});`,
    ].join("\n"),
  );
  entry = replaced(entry, /develop\(app, developmentPort\)/, "develop(kit.app, developmentPort, kit.store)");
  entry = replaced(entry, /^function described\(part\) .*$/m, "const described = kit.described;");
  return (await buildScript(entry, new Map(), [], spokenSources())).bytes;
}

/** Imports of the runtime's modules lead to what the bundle hands over. */
const fromTheBundle: Plugin = {
  name: "the bundle's modules",
  setup(build) {
    const filter = new RegExp(`(^#device/|[\\\\/]src[\\\\/]device[\\\\/])(${Object.keys(SHARED).join("|")})\\.ts$`);
    build.onResolve({ filter }, ({ path }) => ({ path: filter.exec(path)?.[2] ?? "", namespace: "bundle" }));
    // A board that cannot sleep hands over nothing for it: the app has no use for it there (check-app.ts).
    build.onLoad({ filter: /.*/, namespace: "bundle" }, ({ path }) => ({
      contents: `export const { ${SHARED[path]?.join(", ")} } = latchkeyModules["${path}"] ?? {};`,
    }));
  },
};

interface KitApp {
  /** Code and description, as they lie in flash. */
  readonly script: Uint8Array;
  /** Places of the marked statements, by their numbers. */
  readonly places: readonly string[];
  /** Files that it was built from, absolute. */
  readonly inputs: readonly string[];
}

/**
 * The script of an app.
 * @param description In the parts in which a unit tells it.
 * @throws BundleError with the maker's file and line
 */
export async function buildKitApp(app: string, description: readonly string[]): Promise<KitApp> {
  const places: string[] = [];
  const { outputFiles, metafile } = await build({
    ...{ target: "es2020", bundle: true, write: false, format: "iife", globalName: "latchkeyApp", metafile: true },
    stdin: {
      contents: `export { app } from ${JSON.stringify(resolve(app))};`,
      resolveDir: ".",
      sourcefile: "entry.ts",
    },
    // Local names are memory of the unit; where an error came about is told by the marks.
    ...{ minify: true, charset: "ascii", legalComments: "none", logLevel: "silent" },
    plugins: [appImports, fromTheBundle, nodeModules, statementMarks(places)],
  } as const).catch((error: unknown) => {
    throw asBundleError(error);
  });
  const pieces = [`${outputFiles[0]?.text ?? ""}return latchkeyApp.app;`, ...description];
  const end = String.fromCharCode(PIECE_END);
  if (pieces.some((piece) => piece.includes(end))) {
    throw new BundleError(`${app}: a literal holds a form feed (U+000C), which separates pieces. Write \\f`);
  }
  const script = new TextEncoder().encode(pieces.join(end));
  return { script, places, inputs: Object.keys(metafile.inputs).map((path) => resolve(path)) };
}
