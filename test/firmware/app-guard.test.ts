/** What keeps the app's code within its bounds, on each chip: src/device/port.ts, Guard. */
import { afterEach } from "vitest";
import { testOnNativeBoards } from "../tier.ts";
import { expectBounds } from "./guard-case.ts";
import type { Bench } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

testOnNativeBoards("on %s code of the app is broken off when it loops, and refused memory when it leaks", (board) =>
  expectBounds(board, (began) => {
    bench = began;
  }),
);
