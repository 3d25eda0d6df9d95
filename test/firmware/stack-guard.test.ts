/** A stack that grows too far ends the run before it overwrites anything, and the unit says why. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildBoot, buildRuntime, imagePaths } from "#firmware/image.ts";
import { PLAIN } from "#firmware/tls-sources.ts";
import { testOnNativeBoards } from "../tier.ts";
import { saidUntil } from "./console.ts";

/** A native function that calls itself without end, with frames smaller than the guard. */
const BOTTOMLESS = {
  as: "main-bottomless",
  edits: new Map([
    [
      "port/system.c",
      (text: string) =>
        text
          .replace(
            "JS_FUNCTION(heap_bytes) {",
            `static uint32_t deeper(uint32_t level) {
  volatile uint8_t room[200];
  for (unsigned i = 0; i < sizeof room; i++) room[i] = (uint8_t)level;
  return deeper(level + 1) + room[level % sizeof room];
}
JS_FUNCTION(heap_bytes) {`,
          )
          .replace("(int64_t)heap_used()", "(int64_t)deeper(0)"),
    ],
  ]),
};

const SCRIPT = `if (native.system.resetReason === "power") native.system.heapBytes();\f
native.console.write(Uint8Array.from("again " + native.system.resetReason + "\\n", (c) => c.charCodeAt(0)))`;

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

testOnNativeBoards("%s says that its stack overflowed, and starts again", async (name) => {
  await buildBoot(name);
  const native = new Uint8Array(readFileSync((await buildRuntime(name, PLAIN, BOTTOMLESS)).binary));
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-guard-")), "flash.bin");
  flashBareUnit(readBoard(name), flashPath, throwawayMaker(), native, utf8(SCRIPT));
  emulator = await startEmulator({ board: name, flashPath, kernel: imagePaths(name).boot });
  const said = await saidUntil(emulator, /^again \w+\r?\n/m);
  expect(said).toMatch(/^latchkey: fault: the stack overflowed/m);
  expect(said).toMatch(/^again fault/m);
});
