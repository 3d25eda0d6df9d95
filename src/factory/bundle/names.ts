/**
 * The list of names that lies beside a bundle or its release, so that a person can read what a unit says. Nothing
 * needs it to build, to patch or to run: it follows from the sources, and can be made anew from them.
 * @source PROTOCOL 9.4.2
 */
import { readText, writeWhole } from "#trust/host/files.ts";

/** Thrown for a file that is no list of names; the message says what to do. */
class NamesError extends Error {
  override name = "NamesError";
}

/** In the list, what stands before a function's name where its place in the maker's sources follows. */
const PLACE = "at ";

/** @param places `file:line` by a function's whole name. */
export function withPlaces(
  names: ReadonlyMap<string, string>,
  places: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map([...names, ...[...places].map(([name, place]) => [PLACE + name, place] as const)]);
}

/** @param places `file:line:column` of statements by their numbers, which a stack begins with (src/device/line-in-stack.ts). */
export function withStatements(
  names: ReadonlyMap<string, string>,
  places: readonly string[],
): ReadonlyMap<string, string> {
  return new Map([...names, ...places.map((place, mark) => [`${PLACE}:${mark}`, place] as const)]);
}

/** Where the names of an image lie: beside it. */
export function namesPath(imagePath: string): string {
  return `${imagePath}.names.json`;
}

/** @param names Names in the sources by short ones, as buildBundle gives them. */
export function writeNames(imagePath: string, names: ReadonlyMap<string, string>): void {
  const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  writeWhole(namesPath(imagePath), `${JSON.stringify(Object.fromEntries(sorted), undefined, 0)}\n`);
}

export function readNames(path: string): ReadonlyMap<string, string> {
  const text = readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new NamesError(`${path} is no list of names; name the .names.json that lies beside the release`);
  }
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/**
 * A line of a unit's console with whole names in it: a stack's functions (`at aB`), the maker's own with file and line, the statement that
 * failed (`at :12`), and what the engine's messages quote (`cannot read property 'aB'`). Words elsewhere stay as they are.
 */
export function withWholeNames(line: string, names: ReadonlyMap<string, string>): string {
  const whole = (name: string) => names.get(name) ?? name;
  const placed = (name: string) => {
    const place = names.get(PLACE + name);
    return place === undefined ? name : `${name} (${place})`;
  };
  return line
    .replace(/^(\s*at )(:\d+)$/, (_, at: string, mark: string) => at + (names.get(PLACE + mark) ?? mark))
    .replace(/^(\s*at )([\w$]+)/, (_, at: string, name: string) => at + placed(whole(name)))
    .replace(/'([\w$]+)'/g, (_, name: string) => `'${whole(name)}'`);
}
