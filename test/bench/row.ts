/** The shapes that every benchmark shares. */

/** One figure. `case` is a path of plain words; `goal` is null where there is none. */
export interface Row {
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string | null;
  readonly goal: number | null;
}

export interface Bench {
  /** Rows that this machine can't produce are left out and named through `missing`. */
  run(options: { quick: boolean; missing(what: string): void }): Promise<readonly Row[]>;
  /** An SVG of the rows, where a curve says more than a table. */
  plot?(rows: readonly Row[]): string;
}
