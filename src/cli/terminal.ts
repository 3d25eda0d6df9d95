/** Terminal output besides lines of text. */

/** Returns to the start of the line and erases it (ECMA-48, 8.3.41 EL). */
export const CLEAR_LINE = "\r\u001b[K";

/** Whether progress is shown in place: on a terminal that knows escape codes, whose user did not refuse them (no-color.org). */
export function showsProgress({ isTTY }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY === true && env.TERM !== "dumb" && (env.NO_COLOR ?? "") === "";
}
