/** A process of `latchkey dev` that checks an app's types each time it is asked, so that the page and the unit never wait for it. */
import { setPriority } from "node:os";
import { readBoard } from "#boards/sim/host/board.ts";
import { NOT_ON_A_UNIT } from "#boards/sim/host/engine-features.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import { checkApp } from "#factory/bundle/check-app.ts";

/** Behind the unit, which the maker waits for. */
setPriority(10);
const [app = "", name = ""] = process.argv.slice(2);
const { pins, io } = readBoard(name);

function typeTrouble(): string | undefined {
  try {
    // What exists in test builds only is there: a development unit runs such a build.
    checkApp({ app, board: name, pins, io, isModelled: true, fetch: true, absent: NOT_ON_A_UNIT });
    return undefined;
  } catch (error) {
    if (error instanceof BundleError) return error.message;
    throw error;
  }
}

process.on("message", () => process.send?.({ trouble: typeTrouble() ?? null }));
process.on("disconnect", () => process.exit());
