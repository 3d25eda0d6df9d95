/** Time goes on when a simulated unit has run for 49.7 days: it is started a few seconds before 2^32 milliseconds. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagesOf, testConfig, testMaker } from "./made-unit.ts";

const WRAP_MS = 2 ** 32;
/** So long before the wrap it is started at first; on a machine that takes longer to start a unit, earlier. */
const LEAD_MS = 10_000;

/** Runs a unit whose clock begins there, until it has said all. @returns Its lines. */
async function linesFrom(flashPath: string, firstMs: number): Promise<readonly string[]> {
  const args = ["--board", "sim", "--flash", flashPath, "--radio", "127.0.0.1:1", "--first-ms", String(firstMs)];
  const unit = startProgram("boards/sim/host/unit.ts", args);
  const lines = await new Promise<string[]>((resolve, reject) => {
    const said: string[] = [];
    unit.onLine((line) => {
      said.push(line);
      if (line === "contract end" || line.startsWith("contract start")) resolve(said);
    });
    void unit.exited.then((code) => reject(new Error(`the unit ended with ${code}: ${unit.errors()}`)));
  });
  await unit.kill();
  return lines;
}

test("time goes on on the simulated board after 2^32 milliseconds", async () => {
  const config = testConfig();
  const { bytes } = await buildScript(`import { port } from "./boards/sim/port.ts";
import { runWrapContract } from "./boards/port-contract/wrap-contract.ts";
runWrapContract(port);`);
  const flashPath = join(config.output, "flash.bin");
  await openSimStation(readBoard("sim"), flashPath, "127.0.0.1:1").flash(
    imagesOf(config, testMaker(config.product), bytes),
  );
  let lines = await linesFrom(flashPath, WRAP_MS - LEAD_MS);
  for (let leadMs = 3 * LEAD_MS; lines.some((line) => line.startsWith("contract start")); leadMs *= 3)
    lines = await linesFrom(flashPath, WRAP_MS - leadMs);
  const promises = lines.filter((line) => line.startsWith("contract "));
  expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual(["contract end"]);
  expect(promises).toHaveLength(4);
});
