/** The device bundle: runtime, board and app in one script of ES2020, as the engine on the unit runs it. */
import { build } from "esbuild";
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

/** Builds one script for a unit's engine of an entry's text; its imports are relative to the repository's root. */
export async function buildScript(entry: string): Promise<Bundle> {
  try {
    const result = await build({
      stdin: { contents: entry, resolveDir: ".", sourcefile: "entry.ts", loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      target: "es2020",
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      charset: "utf8",
      metafile: true,
      logLevel: "silent",
    });
    const [output] = Object.values(result.metafile.outputs);
    const shares = new Map(
      Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    );
    return { bytes: new TextEncoder().encode(inPieces(result.outputFiles[0]?.text ?? "")), shares };
  } catch (error) {
    const [first] =
      (error as { errors?: { text: string; location?: { file: string; line: number } | null }[] }).errors ?? [];
    if (first === undefined) throw error;
    const where = first.location ? `${first.location.file}:${first.location.line}: ` : "";
    throw new BundleError(`${where}${first.text}`);
  }
}
