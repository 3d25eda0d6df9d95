/**
 * A unit of the Linux board is killed at random moments of updates that never end, of program and bundle: it comes back each time with
 * identity, credentials and floors, and the updates go on. LATCHKEY_CUTS sets how often.
 */
import { afterEach, expect, test } from "vitest";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { lineOf } from "../firmware/made-unit.ts";
import { judgeSession, newRecord, updateBed } from "../firmware/update-bed.ts";
import { times } from "../tier.ts";

const CUTS = Number(process.env.LATCHKEY_CUTS ?? times(10, 200));
/** An update takes about so long. */
const SPAN_MS = 2_500;

let station: SimStation | undefined;
afterEach(() => station?.power(false));

test("a unit that is killed while it updates comes back with all that it must keep", async () => {
  const bed = await updateBed("linux", { releases: CUTS + 20 });
  station = openSimStation(bed.board, bed.flashPath, "127.0.0.1:1");
  const record = newRecord();
  for (let cut = 0; cut < CUTS; cut++) {
    await station.power(true);
    const said: string[] = [];
    station.unit()?.onLine((line) => void said.push(line));
    await lineOf(station, /^found /);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * SPAN_MS));
    await station.power(false);
    const text = `${said.join("\n")}\n`;
    expect(text, `cut ${cut}`).not.toMatch(/trouble|LOST|no image|no key set/);
    judgeSession(bed, record, { text, operations: [] });
  }
  // Updates went on between the cuts, or this would show nothing.
  expect(record.sequence).toBeGreaterThan(CUTS / 10);
  console.log(`${CUTS} cuts, ${record.starts} starts, release ${record.sequence}, floor ${record.floor}`);
});
