/** Finds places in the maker's files: of errors that the build told, and of errors that the app threw on a unit. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { portNumber as digitsOf } from "#cli/values/number.ts";
import { shownPath } from "#factory/bundle/shown-path.ts";

/** Our own sources: an error is the maker's, so its place is the first one outside of these. */
const OURS =
  /^(src\/(app\/(define-device|schema|describe-app)|app\/io|base|codec|wire|trust|device)|boards\/|entry\.ts)/;

/** What leads from a stack to lines: a source map, or the places of marked statements by their numbers. */
export interface Lines {
  readonly map: string;
  readonly places: readonly string[];
}

/** `file:line:column` of the first place of a stack that lies in the maker's own files; undefined where there is none. */
export function placeOfStack(stack: string, { map, places }: Lines): string | undefined {
  const marked = /^\s*at :(\d+)$/m.exec(stack)?.[1];
  if (marked !== undefined) return places[digitsOf(marked)];
  if (map === "") return undefined;
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload);
  for (const [, line, column] of stack.matchAll(/bundle\.js:(\d+)(?::(\d+))?/g)) {
    const entry = sources.findEntry(digitsOf(line ?? "1") - 1, digitsOf(column ?? "1") - 1);
    if (!("originalSource" in entry)) continue;
    const path = shownPath(entry.originalSource);
    if (OURS.test(path)) continue;
    return `${path}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  }
  return undefined;
}

interface Placed {
  readonly place?: string;
  readonly source?: string;
  readonly text: string;
}

/** Splits `file:line:column: text` as our builds say it, and reads the line that is meant. */
export function placedMessage(message: string): Placed {
  const [, place, text] = /^(\S[^:\n]*:\d+(?::\d+)?): ([\s\S]*)$/.exec(message) ?? [];
  return place === undefined || text === undefined ? { text: message } : { ...placed(place), text };
}

/** A place with the line of the source that is there, where it can be read. */
export function placed(place: string): { readonly place: string; readonly source?: string } {
  const [, path, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(place) ?? [];
  if (path === undefined || line === undefined) return { place };
  try {
    const source = readFileSync(path, "utf8").split("\n")[digitsOf(line) - 1]?.trim();
    return source === undefined || source === "" ? { place } : { place, source: source.slice(0, 200) };
  } catch {
    return { place };
  }
}
