/**
 * The bundle of a development unit on the simulated board: built again in a fraction of a second after each change, with names
 * whole and a source map, so that each error has its place in the maker's file. It carries no bundle mark, so no release is
 * made of it.
 */
import { resolve } from "node:path";
import { type BuildContext, context } from "esbuild";
import { appImports } from "./app-imports.ts";
import { BundleError, type Product } from "./bundle.ts";

const SCRIPT = "bundle.js";

export interface DevelopmentBundle {
  readonly bytes: Uint8Array;
  /** JSON of the source map of the one script. */
  readonly map: string;
  /** Files that it was built from, absolute. */
  readonly inputs: readonly string[];
}

interface DevelopmentBuilder {
  /** @throws BundleError with the maker's file and line */
  build(): Promise<DevelopmentBundle>;
  close(): Promise<void>;
}

/** @param entry The text of the bundle's entry (bundleEntry). */
export async function openDevelopmentBuilder(entry: string): Promise<DevelopmentBuilder> {
  const builder: BuildContext = await context({
    target: "es2020",
    stdin: { contents: entry, resolveDir: ".", sourcefile: "entry.ts", loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    outfile: SCRIPT,
    sourcemap: "external",
    metafile: true,
    minifyWhitespace: true,
    charset: "ascii",
    legalComments: "none",
    plugins: [appImports],
    logLevel: "silent",
  });
  return {
    async build() {
      try {
        const { outputFiles = [], metafile } = await builder.rebuild();
        const of = (end: string) => outputFiles.find(({ path }) => path.endsWith(end));
        return {
          bytes: of(SCRIPT)?.contents ?? new Uint8Array(0),
          map: of(".map")?.text ?? "",
          inputs: Object.keys(metafile?.inputs ?? {}).map((path) => resolve(path)),
        };
      } catch (error) {
        throw asBundleError(error);
      }
    },
    close: () => builder.dispose(),
  };
}

/** esbuild's first complaint as `file:line:column: text`. */
function asBundleError(error: unknown): unknown {
  type Complaint = { text: string; location?: { file: string; line: number; column: number } | null };
  const [first] = (error as { errors?: Complaint[] }).errors ?? [];
  if (first === undefined) return error;
  const { location, text } = first;
  return new BundleError(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text);
}

/** The entry of a development bundle, made of a product's entry: its app is watched, and the unit answers the maker's tools. */
export function developmentEntry(entry: string, { board }: Pick<Product, "board">): string {
  return [
    `import { port as developmentPort } from "./boards/${board}/port.ts";`,
    `import { develop } from "#device/development.ts";`,
    entry
      .replace("start(app, ", "const developed = develop(app, developmentPort);\nstart(developed.app, ")
      .replace(/\{ legacy: (.*)\}\);$/, "{ development: developed.machine, legacy: $1});"),
  ].join("\n");
}
