/** Pages that need not be built: the published package brings them along. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_FOLDER } from "#base/host/package-folder.ts";
import { type BuiltPage, frameOf, type PageName } from "./page-frame.ts";

/** Where a page's files are in a package, from the folder of its built JavaScript. */
export const readyPaths = (name: PageName) => ({ script: `pages/${name}.js`, style: `pages/${name}.css` }) as const;

/** A page as the package brings it, or built now of its sources. */
export async function readyPage(name: PageName): Promise<BuiltPage> {
  const { script, style } = readyPaths(name);
  const read = (path: string) => readFileSync(join(BUILT_FOLDER ?? "", path), "utf8");
  if (BUILT_FOLDER !== undefined && existsSync(join(BUILT_FOLDER, script))) {
    return { html: frameOf(name), script: read(script), style: read(style) };
  }
  const { buildPage } = await import("./build-page.ts");
  return buildPage(name);
}
