/** The Linux board keeps the port contract: the same program as on the simulated board, in the static program for this machine. */
import { readFileSync, statSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagePaths } from "#firmware/image.ts";
import { type Bench, benchUnit, lineOf } from "../firmware/made-unit.ts";
import { unitProcess } from "./processes.ts";

const PROGRAM_BYTES_MAX = 3_000_000;
const MEMORY_KB_MAX = 8_000;

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

test("every promise of the port is kept by linux, in less than 8 MB of memory", async () => {
  const board = readBoard("linux");
  const { bytes } = await buildScript(`import { port } from "./boards/linux/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${board.flash.regions.jsB.start});`);
  bench = await benchUnit("linux", bytes);
  const unit = bench.station.unit();
  const lines: string[] = [];
  unit?.onLine((line) => void lines.push(line));
  await lineOf(bench.station, /^contract end$/);
  const promises = lines.filter((line) => line.startsWith("contract ") && line !== "contract end");
  expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual([]);
  expect(promises.length).toBeGreaterThanOrEqual(26);
  const status = readFileSync(`/proc/${unitProcess(unit?.pid ?? -1)}/status`, "utf8");
  expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1])).toBeLessThan(MEMORY_KB_MAX);
  expect(statSync(imagePaths("linux").runtime).size).toBeLessThan(PROGRAM_BYTES_MAX);
});
