/**
 * The two tiers of the tests. `npm test` tries every capability once; `npm run test:all` adds the runs that are the same again
 * on another board or in far greater number.
 */
import { describe, type TestAPI, test } from "vitest";

/** Whether every run is wanted. */
const isExhaustive = process.env.LATCHKEY_TIER === "all";

/** How often something is tried: a sample, or many. */
export const times = (sample: number, many: number): number => (isExhaustive ? many : sample);

/** A test of the exhaustive tier alone. The quick tier counts it as left out. */
export const exhaustiveTest = (isExhaustive ? test : test.skip) as TestAPI;

/** The board on which the quick tier tries what only native firmware shows. */
const QUICK_BOARD = "qemu-mps2";
const NATIVE_BOARDS = [QUICK_BOARD, "qemu-sf2"];
let boards: readonly string[] = NATIVE_BOARDS;

/** Lets a file of the exhaustive tier run other files' tests of native boards, imported after this, on one more board. */
export function onlyOnBoard(board: string): void {
  boards = [board];
}

/** A test for each native board. The quick tier runs it on one board and counts the others as left out. */
export function testOnNativeBoards(name: string, run: (board: string) => Promise<void>): void {
  for (const board of boards) {
    const title = name.includes("%s") ? name.replace("%s", board) : `${name} on ${board}`;
    (board === QUICK_BOARD ? test : exhaustiveTest)(title, () => run(board));
  }
}

/** A group of tests for each native board; as `testOnNativeBoards`. */
export function describeOnNativeBoards(group: (board: string) => void): void {
  for (const board of boards) {
    (board === QUICK_BOARD || isExhaustive ? describe : describe.skip)(`on ${board}`, () => group(board));
  }
}
