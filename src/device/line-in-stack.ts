/**
 * Puts the failing statement of the maker's sources in front of an error's stack, as `at :12`: the number that the list of names beside the
 * release has a place for, and `latchkey dev` for what it built. The engine keeps no lines. A release has this where flash.config.json says
 * `lines` (ADR 0161), a development bundle for firmware always.
 */
const FIRST = "    at :";

/**
 * Notes the statement of a function at which an error passed, unless that of a function further in is known.
 * @param mark Its number. @returns The error.
 */
export function thrownAt(error: unknown, mark: number): unknown {
  if (error instanceof Error && !String(error.stack).startsWith(FIRST))
    error.stack = `${FIRST}${mark}\n${error.stack ?? ""}`;
  return error;
}
