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
/** Each cut takes seconds, and many times that on a busy machine. */
const ALL_CUTS_MS = 3_600_000;
/** Releases to offer: a unit may come to the end of several before its next cut. */
const RELEASES = 4 * CUTS + 20;

let station: SimStation | undefined;
afterEach(() => station?.power(false));

test(
  "a unit that is killed while it updates comes back with all that it must keep",
  async () => {
    const bed = await updateBed("linux", { releases: RELEASES });
    const unit = openSimStation(bed.board, bed.flashPath, "127.0.0.1:1");
    station = unit;
    const record = newRecord();
    /** Starts it, waits, and takes its power. @returns Milliseconds that were waited. */
    async function runUntil(isOver: (sequence: number) => Promise<unknown>): Promise<number> {
      await unit.power(true);
      const said: string[] = [];
      unit.unit()?.onLine((line) => void said.push(line));
      const [, found] = await lineOf(unit, /^found \S+ floor \S+ sequence (\d+)$/);
      const beganMs = performance.now();
      await isOver(Number(found));
      const tookMs = performance.now() - beganMs;
      await unit.power(false);
      const text = `${said.join("\n")}\n`;
      expect(text).not.toMatch(/trouble|LOST|no image|no key set/);
      judgeSession(bed, record, { text, operations: [] });
      return tookMs;
    }
    const hasUpdated = async (before: number) => {
      for (let now = before; now <= before; ) now = Number((await lineOf(unit, /^state (\d+) 0 none/))[1]);
    };
    // As long as an update takes on this machine, busy as it is.
    const spanMs = await runUntil(hasUpdated);
    for (let cut = 0; cut < CUTS; cut++)
      await runUntil(() => new Promise((resolve) => setTimeout(resolve, Math.random() * spanMs)));
    // The updates go on after all cuts, or this would show nothing.
    await runUntil(hasUpdated);
    console.log(`${CUTS} cuts, ${record.starts} starts, release ${record.sequence}, floor ${record.floor}`);
  },
  ALL_CUTS_MS,
);
