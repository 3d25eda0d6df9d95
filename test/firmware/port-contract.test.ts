/** The emulated boards keep the port contract: the same program as on the simulated board, on the native image. */
import { afterEach, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { type Bench, benchUnit } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

test.each(["qemu-mps2", "qemu-sf2"])(
  "every promise of the port is kept by %s",
  async (name) => {
    const board = readBoard(name);
    const { bytes } = await buildScript(`import { port } from "./boards/${name}/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${board.flash.regions.jsB.start});`);
    bench = await benchUnit(name, bytes);
    const unit = bench.station.unit();
    const lines = await new Promise<string[]>((resolve, reject) => {
      const said: string[] = [];
      const timer = setTimeout(() => reject(new Error(`no end; it said: ${said.join(" | ")}`)), 30_000);
      unit?.onLine((line) => {
        said.push(line);
        if (line !== "contract end") return;
        clearTimeout(timer);
        resolve(said);
      });
    });
    const promises = lines.filter((line) => line.startsWith("contract ") && line !== "contract end");
    expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual([]);
    expect(promises.length).toBeGreaterThanOrEqual(26);
  },
  120_000,
);
