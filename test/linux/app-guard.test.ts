/** The Linux board holds an app within the same bounds as chips do. */
import { afterEach, test } from "vitest";
import { expectBounds } from "../firmware/guard-case.ts";
import type { Bench } from "../firmware/made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

test("on linux code of the app is broken off when it loops, and refused memory when it leaks", () =>
  expectBounds("linux", (began) => {
    bench = began;
  }));
