/**
 * A sample of main.ts's cuts on a NOR chip: a unit whose flash is one loses its power while it is onboarded and while it is updated, also in the
 * middle of an erase or a program, and has all that it must keep.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canBuild } from "#firmware/linux.ts";
import { buildNorProgram, onNorChip } from "./nor.ts";
import { type Phase, runRound } from "./round.ts";
import { openSubject, type Subject } from "./subject.ts";

const CUTS = 3;
/** Each cut takes seconds, and minutes on a machine with forty others waiting. */
const ALL_CUTS_MS = 3_600_000;
/** It builds a bundle and releases, on a machine that may be busy. */
const SETTING_UP_MS = 900_000;
const lacking = canBuild("linux") ? undefined : "it needs gcc and musl-tools";
if (lacking !== undefined) process.stderr.write(`cuts on a NOR chip: not run: ${lacking}\n`);

describe.skipIf(lacking !== undefined)("a unit on a NOR chip whose power is cut", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-nor-cuts-"));
  let subject: Subject;
  beforeAll(async () => {
    subject = await openSubject(folder, await buildNorProgram(folder));
  }, SETTING_UP_MS);

  test.each<Phase>(["onboarding", "update"])(
    "during its %s: it has all that it must keep",
    async (phase) => {
      for (let seed = 1; seed <= CUTS; seed++) {
        const result = await runRound(subject, onNorChip(subject), folder, phase, seed);
        expect(result.lost, JSON.stringify(result)).toEqual([]);
      }
      // Of the start after the last cut. A unit that ran past the chip's model would show nothing.
      expect(existsSync(join(folder, `nor-${phase}.bin.chip`))).toBe(true);
    },
    ALL_CUTS_MS,
  );
});
