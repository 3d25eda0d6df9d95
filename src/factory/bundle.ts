/** The device bundle: runtime, board and app in one script of ES2020, as the engine on the unit runs it. */
import { existsSync, readFileSync } from "node:fs";
import { build, transform } from "esbuild";
import { withConstantsInPlace, withConstantsMarked } from "./bundle-constants.ts";
import { inPieces } from "./bundle-pieces.ts";

export interface Bundle {
  readonly bytes: Uint8Array;
  /** Bytes that each source file contributes, by path from the repository's root. */
  readonly shares: ReadonlyMap<string, number>;
}

/** Thrown when the sources don't build; the message is esbuild's first complaint with file and line. */
export class BundleError extends Error {
  override name = "BundleError";
}

/**
 * Builds the bundle of a board and an app. Identifiers stay as they are: a small fix then makes a small patch.
 * @param board   Folder name in boards/; its main.ts exports `start(app)`.
 * @param appPath The app's entry, which exports `app`.
 * @param build   Which release the bundle tells that it is, and when it was built (Unix seconds).
 */
export function buildBundle(
  board: string,
  appPath: string,
  build: { readonly release: string; readonly atS: number },
): Promise<Bundle> {
  return buildScript(`import { start } from "./boards/${board}/main.ts";
import { app } from "./${appPath.replace(/^\.\//, "")}";
start(app, ${JSON.stringify(build)});`);
}

const STYLE = {
  format: "esm",
  target: "es2020",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  charset: "utf8",
} as const;

/** Where a name in capitals stands for a value that nobody changes: our own code. */
const OURS = /^(src\/(base|codec|wire|trust|device)|boards)\//;

/** Names that the maker's code declares, or code that it brings along. */
function declaredElsewhere(paths: Iterable<string>): string[] {
  return [...paths]
    .filter((path) => !OURS.test(path) && existsSync(path))
    .flatMap((path) => [...readFileSync(path, "utf8").matchAll(/\b(?:const|let|var|class)\s+(\w+)/g)])
    .map(([, name = ""]) => name);
}

/** Builds one script for a unit's engine of an entry's text; its imports are relative to the repository's root. */
export async function buildScript(entry: string): Promise<Bundle> {
  try {
    const result = await build({
      stdin: { contents: entry, resolveDir: ".", sourcefile: "entry.ts", loader: "ts" },
      bundle: true,
      write: false,
      ...STYLE,
      metafile: true,
      logLevel: "silent",
    });
    const [output] = Object.values(result.metafile.outputs);
    const shares = new Map(
      Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    );
    const inPlace = withConstantsInPlace(result.outputFiles[0]?.text ?? "");
    // Folds what the constants made foldable, and removes their declarations where nobody uses them any more.
    const { code } = await transform(inPlace, { ...STYLE, treeShaking: true });
    const pieces = inPieces(withConstantsMarked(code, declaredElsewhere(shares.keys())));
    return { bytes: new TextEncoder().encode(pieces), shares };
  } catch (error) {
    const [first] =
      (error as { errors?: { text: string; location?: { file: string; line: number } | null }[] }).errors ?? [];
    if (first === undefined) throw error;
    const where = first.location ? `${first.location.file}:${first.location.line}: ` : "";
    throw new BundleError(`${where}${first.text}`);
  }
}
