/** How complaints name a file: by its path from this folder, and by the whole path where it lies outside, since a maker does not know this folder. */
import { relative, resolve } from "node:path";

export function shownPath(path: string): string {
  const shown = relative(".", path);
  return shown.startsWith("..") ? resolve(path) : shown;
}
