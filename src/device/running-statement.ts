/**
 * The statement of the maker's files that began last, on firmware's development units: code that is broken off passes no handler, and so no
 * mark in a stack. The build marks the statements (src/factory/bundle/statement-marks.ts). A production unit has nothing of it.
 */
export const running: { mark: number | undefined } = { mark: undefined };
