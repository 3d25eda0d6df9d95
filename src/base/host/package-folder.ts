/** Where this package's own files are, however it is run: from its sources, from what was built of them, or installed. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folders above this file, the nearest first, up to the package's. */
function foldersAbove(): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    folders.push(folder);
    if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folders;
  }
}

const FOLDERS = foldersAbove();

/** The folder that holds the package's boards and sources. */
export const PACKAGE_FOLDER: string = FOLDERS.at(-1) as string;

/** The built JavaScript that is running, or undefined where the sources run as they are, as in a test. */
export const BUILT_FOLDER: string | undefined = FOLDERS.find((folder) => existsSync(join(folder, "programs.json")));
