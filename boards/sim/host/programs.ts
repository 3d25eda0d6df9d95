/** Finds the programs of this package as built JavaScript. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BUILT_FOLDER, PACKAGE_FOLDER } from "#base/host/package-folder.ts";

type BuiltFolder = () => string;

/**
 * Built code starts programs of the same build. Where the sources run as they are, as in a test, what is built from them is looked
 * up at each start, and built again when they have changed.
 */
const builtFolder: BuiltFolder =
  BUILT_FOLDER === undefined
    ? ((await import(pathToFileURL(join(PACKAGE_FOLDER, "bin/built.mjs")).href)) as { builtFolder: BuiltFolder })
        .builtFolder
    : () => BUILT_FOLDER as string;

/**
 * @param path The program's source from the package's folder, as "boards/sim/host/unit.ts"
 * @returns Where the JavaScript built from it is
 * @throws Error where the source is no program
 */
export function builtPath(path: string): string {
  const built = join(builtFolder(), path.replace(/\.ts$/, ".js"));
  if (!existsSync(built)) throw new Error(`${path} is not built as a program; add it to bin/programs.json`);
  return built;
}
