/**
 * Where an error came about, on firmware's development units: their engine keeps no lines, so the build marks each statement of the
 * maker's files (src/factory/bundle/statement-marks.ts). A production unit has nothing of it.
 */
const last: { error: unknown; mark: number } = { error: undefined, mark: 0 };

/**
 * Notes the statement of a function at which an error passed, unless that of a function further in is known.
 * @param mark Its number. @returns The error.
 */
export function thrownAt(error: unknown, mark: number): unknown {
  if (last.error !== error) {
    last.error = error;
    last.mark = mark;
  }
  return error;
}

/** @returns The number of the statement; undefined for an error that none is known of. */
export function markOf(error: unknown): number | undefined {
  return error !== undefined && last.error === error ? last.mark : undefined;
}
