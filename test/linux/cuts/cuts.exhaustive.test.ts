/**
 * A sample of the cuts that main.ts makes: a Linux unit is killed while it is onboarded and while it is updated, starts again, and has its
 * identity, its network and its floors.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { lostBetween } from "./lost.ts";
import { memoryOf } from "./memory.ts";
import { onThisMachine, type Phase, runRound } from "./round.ts";
import { runHere } from "./running.ts";
import { openSubject, type Subject } from "./subject.ts";

/** It builds a bundle and releases, on a machine that may be busy. */
const SETTING_UP_MS = 900_000;
const CUTS = 3;
/** Each cut takes seconds, and minutes on a machine with forty others waiting. */
const ALL_CUTS_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "latchkey-cuts-"));
let subject: Subject;
beforeAll(async () => {
  subject = await openSubject(folder);
}, SETTING_UP_MS);

test.each<Phase>(["onboarding", "update"])(
  "a unit that is killed during %s has all that it must keep",
  async (phase) => {
    for (let seed = 1; seed <= CUTS; seed++) {
      const result = await runRound(subject, onThisMachine(subject), folder, phase, seed);
      expect(result.lost, JSON.stringify(result)).toEqual([]);
    }
    const flash = join(folder, `kill-${phase}.bin`);
    expect(memoryOf(flash)).toMatchObject({ network: "Lamplight", isClaimed: true });
    if (phase === "onboarding") return;
    // Cuts of a unit that never comes to the end of an update would show nothing.
    const unit = runHere(subject, flash, 1, "127.0.0.1");
    await unit.hear(/^update: release \d+ confirmed/m).finally(() => unit.cut());
    expect(memoryOf(flash).sequence).toBeGreaterThan(1);
  },
  ALL_CUTS_MS,
);

test("a unit that forgot something is found out", async () => {
  const before = memoryOf(subject.fresh);
  expect(Object.values(before.identity).filter((value) => value !== "").length).toBeGreaterThan(8);
  const told = { network: "Lamplight", airCounter: 7, revocationFloor: 2, fetchFloor: 3, sequence: 5 };
  const lost = lostBetween(
    { ...before, isClaimed: true },
    told,
    { ...before, identity: { ...before.identity, key: "00" } },
    [""],
  );
  expect(lost).toEqual([
    "key is not what it was",
    "the acknowledged network is gone",
    "it forgot that it has an owner",
    "airCounter fell from 7 to 0",
    "revocationFloor fell from 2 to 0",
    "fetchFloor fell from 3 to 0",
    "sequence fell from 5 to 1",
  ]);
});
