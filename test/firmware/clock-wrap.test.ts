/** Time goes on when a unit has run for 49.7 days: every native board is started a few seconds before 2^32 milliseconds. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildBoot, buildRuntime, imagePaths } from "#firmware/image.ts";
import { PLAIN } from "#firmware/tls-sources.ts";
import { testOnNativeBoards } from "../tier.ts";
import { saidUntil } from "./console.ts";

const FIRST_MS = 2 ** 32 - 4_000;
/** The image that ships, but for the first value of its tick counter. */
const LATE = {
  as: "main-late",
  edits: new Map(
    ["chips/cortex-m/systick.c", "chips/virt/timer.c"].map((path) => [
      path,
      (text: string) => text.replace(/(static volatile \w+ ticks)( = \d+u)?;/, `$1 = ${FIRST_MS}u;`),
    ]),
  ),
};

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

testOnNativeBoards("time goes on on %s after 2^32 milliseconds", async (name) => {
  const { bytes } = await buildScript(`import { port } from "./boards/${name}/port.ts";
import { runWrapContract } from "./boards/port-contract/wrap-contract.ts";
runWrapContract(port);`);
  await buildBoot(name);
  const native = new Uint8Array(readFileSync((await buildRuntime(name, PLAIN, LATE)).binary));
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-wrap-")), "flash.bin");
  flashBareUnit(readBoard(name), flashPath, throwawayMaker(), native, bytes);
  // Instructions are counted, so that a busy machine does not eat the seconds before the wrap.
  emulator = await startEmulator({ board: name, flashPath, kernel: imagePaths(name).boot, isCounting: true });
  const said = await saidUntil(emulator, /^contract (end|start FAILED.*)\r?\n/m);
  const lines = said.split(/\r?\n/).filter((line) => line.startsWith("contract "));
  expect(lines.filter((line) => !line.endsWith(" ok"))).toEqual(["contract end"]);
  expect(lines).toHaveLength(4);
});
