/** The emulated boards keep the port contract: the same program as on the simulated board, on the native image. */
import { afterEach, expect } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { testOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

testOnNativeBoards("every promise of the port is kept by %s", async (name) => {
  const board = readBoard(name);
  const { bytes } = await buildScript(`import { port } from "./boards/${name}/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${board.flash.regions.jsB.start});`);
  bench = await benchUnit(name, bytes);
  const unit = bench.station.unit();
  const lines: string[] = [];
  unit?.onLine((line) => void lines.push(line));
  await lineOf(bench.station, /^contract end$/);
  const promises = lines.filter((line) => line.startsWith("contract ") && line !== "contract end");
  expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual([]);
  expect(promises.length).toBeGreaterThanOrEqual(26);
});
