/** The shipped bundle in the board's arena: it runs in what board.json states, with as much room for data as on a chip. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createIoModel } from "#app/testing/io-model.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { CODE_BYTES, type EngineFailure, startEngine } from "#boards/sim/host/engine.ts";
import { createFlashFile, openFlashFile } from "#boards/sim/host/flash-file.ts";
import { nativeObject } from "#boards/sim/host/native.ts";
import { openNetwork } from "#boards/sim/host/network.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

const board = readBoard("sim");
const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-arena-")), "flash.bin");
createFlashFile(flashPath, board.flash);

const { bytes } = await buildBundle(readFlashConfig("flash.config.json"), { release: "1", atS: 0 });

/** Starts the bundle in an arena and runs more code after it; gives the failure, if any. */
async function startIn(heapBytes: number, after = ""): Promise<{ readonly failure?: EngineFailure }> {
  const nothing = () => undefined;
  const native = nativeObject({
    flash: openFlashFile(flashPath, board.flash),
    pins: board.pins,
    hardware: createIoModel(board, { emit: nothing }),
    radio: { country: nothing, scan: nothing, listen: nothing, join: nothing, leave: nothing, accessPoint: nothing },
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
    heapBytes: CODE_BYTES + heapBytes,
    stackBytes: board.budgets.stackBytes ?? 65_536,
    deadlineMs: 10_000,
  });
  try {
    engine.evaluate(new TextDecoder().decode(bytes), "bundle.js");
    engine.keepTo(heapBytes);
    engine.evaluate(after, "app.js");
    return {};
  } catch (error) {
    return { failure: error as EngineFailure };
  }
}

const keeping = (kilobytes: number) =>
  `globalThis.kept = []; for (let i = 0; i < ${kilobytes}; i++) kept.push(new Uint8Array(1024));`;

test("the bundle starts in the arena that the board states, with 128 KB of room for data", async () => {
  expect(await startIn(board.budgets.heapBytes, keeping(128))).toEqual({});
});

test("it leaves as much of an arena for data as a chip does: of 288,000 bytes 155 arrays of 1 KB, and no 185", async () => {
  expect(await startIn(288_000, keeping(155))).toEqual({});
  const { failure } = await startIn(288_000, keeping(185));
  expect(failure?.reason).toBe("out-of-memory");
});

test("in an arena smaller than what the start keeps, it runs out of memory, and says so", async () => {
  const { failure } = await startIn(60_000);
  expect(failure?.reason).toBe("out-of-memory");
});

/** What the runtime with the example may take (ADR 0127): a board allows more, for a maker's own app and older protocols. */
const SHIPPED_BYTES_MAX = 190_000;

test("the bundle is within its budget", () => {
  expect(bytes.length).toBeLessThanOrEqual(SHIPPED_BYTES_MAX);
});
