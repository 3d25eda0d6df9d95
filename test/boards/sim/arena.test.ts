/** The shipped bundle in the board's arena: it runs in what board.json states, and runs out of memory in much less. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createIoModel } from "#app/testing/io-model.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { type EngineFailure, startEngine } from "#boards/sim/host/engine.ts";
import { createFlashFile, openFlashFile } from "#boards/sim/host/flash-file.ts";
import { nativeObject } from "#boards/sim/host/native.ts";
import { openNetwork } from "#boards/sim/host/network.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

const board = readBoard("sim");
const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-arena-")), "flash.bin");
createFlashFile(flashPath, board.flash);

const { bytes } = await buildBundle(readFlashConfig("flash.config.json"), { release: "1", atS: 0 });

/** Starts the bundle in an arena; gives the failure, if any, and the bytes in use afterwards. */
async function startIn(heapBytes: number): Promise<{ readonly failure?: EngineFailure; readonly usedBytes: number }> {
  const nothing = () => undefined;
  const native = nativeObject({
    flash: openFlashFile(flashPath, board.flash),
    pins: board.pins,
    hardware: createIoModel(board, { emit: nothing }),
    radio: { scan: nothing, listen: nothing, join: nothing, leave: nothing, accessPoint: nothing },
    network: openNetwork("127.255.255.255", nothing, nothing),
    resetReason: "power",
    isTrial: false,
    milliseconds: () => 0,
    onEvent: nothing,
    wakeAt: nothing,
    consoleWrite: nothing,
    restart: () => {
      throw new Error("restart");
    },
    heapBytes: () => 0,
  });
  const engine = await startEngine(native, {
    heapBytes,
    stackBytes: board.budgets.stackBytes ?? 65_536,
    deadlineMs: 10_000,
  });
  try {
    engine.evaluate(new TextDecoder().decode(bytes), "bundle.js");
    return { usedBytes: engine.usedBytes() };
  } catch (error) {
    return { failure: error as EngineFailure, usedBytes: 0 };
  }
}

test("the bundle starts in the arena that the board states", async () => {
  const { failure, usedBytes } = await startIn(board.budgets.heapBytes);
  expect(failure).toBeUndefined();
  expect(usedBytes).toBeGreaterThan(100_000);
  expect(usedBytes).toBeLessThan(board.budgets.heapBytes);
});

test("in a sixth of it, it runs out of memory, and says so", async () => {
  const { failure } = await startIn(Math.floor(board.budgets.heapBytes / 6));
  expect(failure?.reason).toBe("out-of-memory");
});

/** What the runtime with the example may take (ADR 0127): a board allows more, for a maker's own app and older protocols. */
const SHIPPED_BYTES_MAX = 190_000;

test("the bundle is within its budget", () => {
  expect(bytes.length).toBeLessThanOrEqual(SHIPPED_BYTES_MAX);
});
