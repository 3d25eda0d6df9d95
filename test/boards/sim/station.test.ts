/** What a line operator reads when a unit on the simulated station does not do its part. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-station-"));
const station = openSimStation(readBoard("sim"), join(folder, "unit.flash"), "127.0.0.1:1");
afterAll(async () => {
  await station.power(false);
  rmSync(folder, { recursive: true, force: true });
});

test("a unit without power, and one that has nothing to run, are one line that says what to do", async () => {
  await expect(station.ask({ kind: "identify" })).rejects.toThrow(/^the unit has no power; switch it on first$/);
  await station.flash([]);
  await station.power(true);
  const refused = await station.ask({ kind: "identify" }).catch((error: Error) => error);
  expect(refused).toMatchObject({
    name: "StationError",
    message: expect.stringMatching(/unit\.flash\.log, try again$/),
  });
  expect((refused as Error).message.split("\n")).toHaveLength(1);
});
