/** The journals of a unit as Promela models: checked by Spin, broken on purpose, and repeated with the code. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CRASHES_MAX } from "#wire/flash/journal.ts";
import { replaySettings } from "./journals/settings-replay.ts";
import { replayUpdate } from "./journals/update-replay.ts";
import { checkModel, randomRun } from "./spin.ts";

const SETTINGS = "test/models/journals/settings.pml";
const UPDATE = "test/models/journals/update.pml";
const COMPLETE = { violated: undefined, isComplete: true };
const statesOf = (trail: readonly string[]) =>
  trail.filter((line) => line.startsWith("STATE")).map((line) => line.slice(6));

describe("the settings", () => {
  it("are what was acknowledged or what was being written, wherever the power fails three times in seven writes", async () => {
    const checked = await checkModel(SETTINGS, { defines: [] });
    expect(checked).toMatchObject(COMPLETE);
    expect(checked.states).toBeGreaterThan(20_000);
  });

  it("of the code are those of the model on runs that Spin chooses at random", async () => {
    let cuts = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const run = await randomRun(SETTINGS, [], seed, 2_000);
      expect(replaySettings(run), `seed ${seed}`).toEqual(statesOf(run));
      cuts += run.filter((line) => /^OP (before|half|after)/.test(line)).length;
    }
    expect(cuts).toBeGreaterThan(60);
  });

  it.each([
    ["a bank's header is written last", "HEADER_FIRST"],
    ["compaction writes the other bank", "SAME_BANK"],
    ["a record has a checksum", "NO_CHECKSUM"],
    ["compaction carries the other settings over", "DROPS_OTHERS"],
  ])("are lost in a model without this rule, and not in the code: %s", async (_, rule) => {
    const { violated, trail } = await checkModel(SETTINGS, { defines: [rule], isMutant: true });
    expect(violated).toContain("found");
    // The failed write is the trail's last step, which the model did not survive to describe.
    const states = replaySettings([...trail, "STATE"]);
    const before = states.at(-2)?.split(" ").map(Number) ?? [0, 0];
    const put =
      trail
        .filter((line) => line.startsWith("STEP put"))
        .at(-1)
        ?.split(" ")
        .slice(2)
        .map(Number) ?? [];
    const after = before.map((value, name) => (name === put[0] ? put[1] : value));
    expect([before.join(" "), after.join(" ")]).toContain(states.at(-1));
  });
});

describe("an update", () => {
  it("never starts what does not verify, tries an image once per trial, and ends: an LTL formula", async () => {
    const checked = await checkModel(UPDATE, { defines: [], ltl: true });
    expect(checked).toMatchObject(COMPLETE);
    expect(checked.states).toBeGreaterThan(3_000);
  });

  it("in the code records and starts what the model does on runs that Spin chooses at random", async () => {
    let starts = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const replayed = replayUpdate(await randomRun(UPDATE, [], seed, 600));
      for (const each of [...replayed.starts, ...replayed.states]) expect(each.code, `seed ${seed}`).toBe(each.model);
      starts += replayed.starts.length;
    }
    expect(starts).toBeGreaterThan(150);
  });

  it.each([
    ["a trial gets one start", "TRIES_AGAIN", "starts"],
    ["an image is verified when it is whole", "NO_WHOLE_CHECK", "fate"],
  ])("fails in a model without this rule, and not in the boot decision of the code: %s", async (_, rule, what) => {
    const { violated, trail } = await checkModel(UPDATE, { defines: [rule], ltl: true, isMutant: true });
    expect(violated).toContain(what);
    const { starts } = replayUpdate(trail);
    expect(starts.length).toBeGreaterThan(0);
    // The code starts what verifies, and no image twice on one trial.
    for (const start of starts) expect(start.isValid).toBe(true);
    expect(starts.map(({ code }) => code).join(",")).not.toMatch(/(\d 1),\1/);
  });

  it("bricks the unit in a model that writes the slot in use, which the code's update machine never chooses", async () => {
    const { violated, trail } = await checkModel(UPDATE, { defines: ["OWN_SLOT"], ltl: true, isMutant: true });
    expect(violated).toContain("image");
    const { begun } = replayUpdate(trail);
    expect(begun.length).toBeGreaterThan(0);
    for (const { confirmed, job } of begun) expect(job?.slots).toBe(confirmed.slots ^ 1);
  });

  it("goes on for ever in a model that never rejects, and the code has the model's limit", async () => {
    const { violated } = await checkModel(UPDATE, { defines: ["NEVER_REJECTS"], ltl: true, isMutant: true });
    expect(violated).toBe("acceptance cycle");
    expect(readFileSync(UPDATE, "utf8")).toContain(`#define CRASHES_MAX ${CRASHES_MAX}\n`);
  });
});
