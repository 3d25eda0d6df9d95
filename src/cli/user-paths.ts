/**
 * Resolves relative paths on the command line against the user's current folder. The programs run in the
 * repository's root, where boards and sources are; so options and arguments that name files are made absolute first.
 */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Command } from "commander";

/** Placeholders that stand for a file or folder, as in `--out <file>` or `[file]`. */
const PATHS: ReadonlySet<string> = new Set(["file", "folder", "release", "png", "picture"]);
/** A minted link or delivery may be given as the hexadecimal itself. */
const HEXADECIMAL = /^[0-9a-f]{40,}$/i;

/** A value as the user meant it; what names no file stays as it is. */
function resolved(folder: string, kinds: readonly string[], value: string): string {
  if (value === "" || value === "-" || isAbsolute(value) || value.includes("://")) return value;
  const path = join(folder, value);
  const isAlwaysPath = kinds.every((kind) => PATHS.has(kind) || kind === "url") && !HEXADECIMAL.test(value);
  return isAlwaysPath || existsSync(path) ? path : value;
}

function resolvedAll(folder: string, placeholder: string, value: unknown): unknown {
  const kinds = placeholder.replace(/\.\.\.$/, "").split("|");
  if (!kinds.some((kind) => PATHS.has(kind) || kind === "what")) return value;
  if (Array.isArray(value)) return value.map((each) => resolvedAll(folder, placeholder, each));
  return typeof value === "string" ? resolved(folder, kinds, value) : value;
}

/**
 * Resolves the options and arguments of a verb that is about to run, defaults included.
 * @param folder The folder that the user stands in.
 */
export function resolveUserPaths(verb: Command, folder: string): void {
  for (const option of verb.options) {
    const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
    if (placeholder === undefined) continue;
    const name = option.attributeName();
    const value = resolvedAll(folder, placeholder, verb.getOptionValue(name));
    verb.setOptionValueWithSource(name, value, verb.getOptionValueSource(name) ?? "default");
  }
  verb.registeredArguments.forEach((argument, i) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    verb.processedArgs[i] = resolvedAll(folder, name, verb.processedArgs[i]);
  });
}
