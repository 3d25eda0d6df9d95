/** The simulated board keeps the port contract, run as a program inside its own engine. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagesOf, testConfig, testMaker } from "./made-unit.ts";

test("every promise of the port is kept", async () => {
  const config = testConfig();
  const board = readBoard("sim");
  const { bytes } = await buildScript(`import { port } from "./boards/sim/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${board.flash.regions.jsB.start});`);
  const station = openSimStation(board, join(config.output, "flash.bin"), "127.0.0.1:1");
  await station.flash(imagesOf(config, testMaker(config.product), bytes));
  await station.power(true);
  const lines = await new Promise<string[]>((resolve, reject) => {
    const said: string[] = [];
    station.unit()?.onLine((line) => {
      said.push(line);
      if (line === "contract end") resolve(said);
    });
    void station.unit()?.exited.then((code) => reject(new Error(`exit ${code}: ${station.unit()?.errors()}`)));
  });
  await station.power(false);
  const promises = lines.filter((line) => line.startsWith("contract ") && line !== "contract end");
  expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual([]);
  expect(promises.length).toBeGreaterThanOrEqual(26);
});
