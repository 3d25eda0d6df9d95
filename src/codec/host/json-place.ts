/** Where something stands in a JSON text, so that a person who has to mend it is told the line. */

/** A place in a text; both count from 1. */
interface TextPlace {
  readonly line: number;
  readonly column: number;
}

function placeAt(text: string, index: number): TextPlace {
  const before = text.slice(0, index).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The place in a text that JSON.parse complains about: its end, where the complaint names none. */
export function placeOfJsonFault(text: string, { message }: Error): TextPlace {
  const at = /position (\d+)/.exec(message)?.[1];
  return placeAt(text, at === undefined ? text.trimEnd().length : Number(at));
}

/** Strings, and what gives a JSON text its structure. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * The place of the member or element that a path leads to; of the deepest one on the way that is there.
 * @param text JSON that JSON.parse accepts.
 */
export function placeInJson(text: string, path: readonly PropertyKey[]): TextPlace {
  const tokens = [...text.matchAll(TOKEN)];
  let at = 0;
  let found = tokens[0]?.index ?? 0;

  function skipValue(): void {
    let depth = 0;
    do {
      const token = tokens[at++]?.[0];
      if (token === "{" || token === "[") depth++;
      if (token === "}" || token === "]") depth--;
    } while (depth > 0 && at < tokens.length);
  }

  /** Goes to the member of this name, past its colon. @returns Whether there is one. */
  function enter(key: PropertyKey): boolean {
    const isObject = tokens[at]?.[0] === "{";
    if (!isObject && tokens[at]?.[0] !== "[") return false;
    at++;
    for (let element = 0; at < tokens.length && !/^[}\]]$/.test(tokens[at]?.[0] ?? ""); element++) {
      const start = tokens[at] as RegExpExecArray;
      const name = isObject ? (JSON.parse(start[0]) as string) : element;
      if (isObject) at += 2;
      if (String(name) === String(key)) {
        found = start.index;
        return true;
      }
      skipValue();
      if (tokens[at]?.[0] === ",") at++;
    }
    return false;
  }

  for (const key of path) if (!enter(key)) break;
  return placeAt(text, found);
}
