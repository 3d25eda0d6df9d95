/**
 * The bundle of a development unit on the simulated board: built again in a fraction of a second after each change, with names
 * whole and a source map, so that each error has its place in the maker's file. It carries no bundle mark, so no release is
 * made of it.
 */
import { resolve } from "node:path";
import { type BuildContext, context } from "esbuild";
import { appImports } from "./app-imports.ts";
import { asBundleError, type BundleBuild, bundleEntry, type Product } from "./bundle.ts";

const SCRIPT = "bundle.js";

interface DevelopmentBundle {
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

/** Of a bundle that no release may be made of: release build and factory make look for another text (bundle-mark.ts). */
const MARK = "latchkey development bundle";

/**
 * The entry of a development bundle: its app is watched, and the unit answers the maker's tools.
 * @param description As for a release; without one the unit describes its app by itself, which takes no trial before each build.
 */
export function developmentEntry(product: Product, build: BundleBuild): string {
  const { board } = product;
  const about = JSON.stringify({ product: product.product ?? "", release: build.release, board });
  const isOwn = build.description === undefined;
  const entry = bundleEntry(product, build, "developed.app")
    .replace(/^const made = .*$/m, `const made = ${JSON.stringify(MARK)};`)
    .replace(/\{ legacy: ([^{}]*)\}\);$/, "{ development: developed.machine, legacy: $1});")
    .replace(/^start\(/m, "const developed = develop(app, developmentPort);\nstart(");
  return [
    `import { port as developmentPort } from "./boards/${board}/port.ts";`,
    `import { develop } from "#device/development.ts";`,
    ...(isOwn
      ? [
          `import { describeApp } from "#app/describe-app.ts";`,
          `import { descriptionParts } from "#wire/describe.ts";`,
          entry.replace(
            /^function described\(part\) .*$/m,
            `const parts = descriptionParts(describeApp(app, ${about}));\nfunction described(part) { if (part in parts) return [parts.length, parts[part]]; }`,
          ),
        ]
      : [entry]),
  ].join("\n");
}
