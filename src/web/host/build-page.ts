/** Builds a page: its script and its style, each one file, by esbuild (ADR 0135). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, transform } from "esbuild";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { type BuiltPage, frameOf, type PageName } from "./page-frame.ts";

/** Entries by the page's name. */
const PAGES: Readonly<Record<PageName, string>> = {
  gallery: "src/web/ui/gallery.tsx",
  dev: "src/web/dev/dev-page.tsx",
  console: "src/web/console/console-page.tsx",
};
const STYLES = ["tokens", "base", "controls", "surfaces", "app"] as const;

/** @throws esbuild's failure: the sources of a page are ours. */
export async function buildPage(name: PageName): Promise<BuiltPage> {
  const { outputFiles } = await build({
    entryPoints: [PAGES[name]],
    absWorkingDir: PACKAGE_FOLDER,
    bundle: true,
    write: false,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    charset: "utf8",
  });
  const styleOf = (each: string) => readFileSync(join(PACKAGE_FOLDER, `src/web/ui/${each}.css`), "utf8");
  const { code } = await transform(STYLES.map(styleOf).join("\n"), { loader: "css", minify: true });
  return { html: frameOf(name), script: outputFiles[0]?.text ?? "", style: code };
}
