/** A sample of main.ts's pulled power: the machine of a Linux unit loses its power, and with it what its disk had not flushed. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { inDiskGuest, whyNoDiskGuest } from "./disk-guest.ts";
import { type Phase, runRound } from "./round.ts";
import { openSubject, type Subject } from "./subject.ts";

const CUTS = 3;
/** Each cut takes seconds, and minutes on a machine with forty others waiting. */
const ALL_CUTS_MS = 3_600_000;
/** It builds a bundle and releases, on a machine that may be busy. */
const SETTING_UP_MS = 900_000;
const lacking = whyNoDiskGuest();
if (lacking !== undefined) process.stderr.write(`pulled power: not run: ${lacking}\n`);

describe.skipIf(lacking !== undefined)("a machine whose power is pulled", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-pulled-"));
  let subject: Subject;
  beforeAll(async () => {
    subject = await openSubject(folder);
  }, SETTING_UP_MS);

  test.each<Phase>(["onboarding"])(
    "during its unit's %s: the unit has all that it must keep",
    async (phase) => {
      const place = inDiskGuest(subject, folder);
      for (let seed = 1; seed <= CUTS; seed++) {
        const result = await runRound(subject, place, folder, phase, seed);
        expect(result.lost, JSON.stringify(result)).toEqual([]);
      }
    },
    ALL_CUTS_MS,
  );
});
