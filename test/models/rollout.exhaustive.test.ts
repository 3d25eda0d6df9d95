/** The rollout engine as a Promela model: checked by Spin, broken on purpose, and repeated with the code. */
import { describe, expect, it } from "vitest";
import { LIMITS, WAVES } from "#cloud/rollout/rollout-plan.ts";
import { type Layout, replay } from "./rollout/rollout-replay.ts";
import { checkModel, randomRun } from "./spin.ts";

const MODEL = "test/models/rollout/rollout.pml";
const LAYOUT: Layout = { labUnits: 1, waves: 3, silenceRate: 0.4 };
const PROGRESS_LAYOUT: Layout = { labUnits: 2, waves: 2, silenceRate: 0.6 };
const bounds = (stops: number, crashes: number, drops: number, passes: number) => [
  ...[`STOPS=${stops}`, `CRASHES=${crashes}`, `DROPS=${drops}`, `PASSES=${passes}`],
];
const COMPLETE = { violated: undefined, isComplete: true };

describe("the rollout engine", () => {
  it("gives nothing of a stopped release, keeps its limits, and loses no device, with three waves, two stops and three hours", async () => {
    const checked = await checkModel(MODEL, { defines: bounds(2, 0, 0, 3) });
    expect(checked).toMatchObject(COMPLETE);
    expect(checked.states).toBeGreaterThan(900_000);
  });

  it("does so when the cloud crashes at any moment", async () => {
    const checked = await checkModel(MODEL, { defines: bounds(2, 1, 0, 2) });
    expect(checked).toMatchObject(COMPLETE);
    expect(checked.states).toBeGreaterThan(2_000_000);
  });

  it("does so when the cloud crashes twice and a link breaks", async () => {
    const checked = await checkModel(MODEL, { defines: bounds(1, 2, 1, 1) });
    expect(checked).toMatchObject(COMPLETE);
    expect(checked.states).toBeGreaterThan(100_000);
  });

  it("reaches its last wave or stops, whatever a device does: an LTL formula", async () => {
    expect(await checkModel(MODEL, { defines: ["PROGRESS", ...bounds(0, 1, 0, 0)], ltl: true })).toMatchObject(
      COMPLETE,
    );
  });
});

describe("the code does what the model does", () => {
  it("on a run to the last wave, through a halt, a resume and a crash", async () => {
    const { trail } = await checkModel(MODEL, { isMutant: true, defines: ["GOAL", ...bounds(2, 1, 1, 3)] });
    for (const verb of ["halt", "resume", "crash", "pass", "room"]) expect(trail.join("\n")).toContain(`STEP ${verb}`);
    const replayed = await replay(trail, LAYOUT, true);
    expect(replayed.parted).toBeUndefined();
    expect(replayed.end).toMatch(/^running 2 .* confirmed confirmed confirmed 1 1 1$/);
  });

  it.each([
    ["without stops", bounds(0, 1, 1, 3)],
    ["with everything", bounds(2, 2, 2, 3)],
  ])("on runs that Spin chooses at random, %s", async (_, defines) => {
    let steps = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const replayed = await replay(await randomRun(MODEL, defines, seed, 4_000), LAYOUT, true);
      expect(replayed.parted, `seed ${seed}`).toBeUndefined();
      steps += replayed.steps;
    }
    expect(steps).toBeGreaterThan(150);
  });

  it("has limits and waves of the shape that the model has", () => {
    expect(Object.keys(LIMITS).sort()).toEqual(
      ["failureRate", "failures", "sample", "silenceMs", "silenceRate", "soakMs"].sort(),
    );
    expect(WAVES[0]?.share).toBe(0);
    expect(WAVES.at(-1)?.share).toBe(10_000);
  });
});

/** Steps after which nothing of the release may leave: those after the last halt or withdrawal that was written. */
function sendsAfterStop(trail: readonly string[], sent: readonly { step: number; what: string }[]): readonly string[] {
  const steps = trail.filter((line) => line.startsWith("STEP"));
  const stop = Math.max(steps.indexOf("STEP halt"), steps.indexOf("STEP withdraw"));
  const written = steps.indexOf("STEP disk", stop) + 1;
  if (stop < 0 || written === 0) return [];
  return sent
    .filter(({ step, what }) => step >= written && /^(offer|block|current)/.test(what))
    .map(({ what }) => what);
}

describe("a model without one of the rules has an attack, which the code withstands", () => {
  it.each([
    ["each block is asked for again", ["NO_BLOCK_CHECK", ...bounds(1, 0, 0, 0)]],
    ["a decision looks at the rollout's state", ["NO_HALT_CHECK", ...bounds(1, 0, 0, 0)]],
    ["a decision looks at withdrawals", ["NO_WITHDRAWN_CHECK", ...bounds(1, 0, 0, 0)]],
  ])("%s", async (_, defines) => {
    const { violated, trail } = await checkModel(MODEL, { isMutant: true, defines });
    expect(violated).toContain("isStopped");
    expect(trail.join("\n")).toMatch(/STEP (halt|withdraw)/);
    const { sent } = await replay(trail, LAYOUT, false);
    expect(sendsAfterStop(trail, sent)).toEqual([]);
  });

  it("a halt is answered when it is on the disk", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["ANSWERS_FIRST", ...bounds(1, 1, 0, 0)],
    });
    expect(violated).toContain("isStopped");
    // The mutant's operator was answered before the crash; ours was not, and the rollout runs on as it did.
    expect(trail.join("\n")).toMatch(/STEP halt[\s\S]*STEP crash/);
    const { end } = await replay(trail, LAYOUT, false);
    expect(end).toMatch(/^running/);
  });

  it("a device gets no block before the disk has it as begun", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["SERVES_FIRST", ...bounds(0, 1, 0, 0)],
    });
    expect(violated).toContain("dAttempt");
    const { sent } = await replay(trail, LAYOUT, false);
    expect(sent.filter(({ what }) => what.startsWith("block"))).toEqual([]);
  });

  it("a wave takes in its members alone", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["NO_WAVE_CHECK", ...bounds(0, 0, 0, 0)],
    });
    expect(violated).toContain("wave");
    const { sent } = await replay(trail, LAYOUT, false);
    expect(sent.filter(({ what }) => /^(offer|current) [12]/.test(what))).toEqual([]);
  });

  it("failures and silences halt a rollout", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["NO_LIMITS", ...bounds(0, 0, 0, 3)],
    });
    expect(violated).toContain("seenSilent");
    expect((await replay(trail, LAYOUT, false)).end).toMatch(/^halted/);
  });

  it("who recovered leaves no room for another one's silence", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["FORGIVES_FOR_EVER", ...bounds(2, 0, 0, 3)],
    });
    expect(violated).toContain("seenSilent");
    // The mutant's engine has nothing to do where ours sees that a device is back; ours looks every second.
    const ticking = trail.flatMap((line) => (/^STEP (pass|hello|say)/.test(line) ? ["STEP tick", line] : [line]));
    expect((await replay(ticking, LAYOUT, false)).end).toMatch(/^halted/);
  });

  it("a device that rolled back and is away holds no wave up", async () => {
    const { violated, trail } = await checkModel(MODEL, {
      isMutant: true,
      defines: ["PROGRESS", "WAITS_FOR_ROLLED_BACK", ...bounds(0, 0, 0, 0)],
      ltl: true,
    });
    expect(violated).toBe("acceptance cycle");
    // The mutant waits for ever; the code opens the next wave when it looks once more.
    const { end } = await replay([...trail, "STEP tick", "STEP disk"], PROGRESS_LAYOUT, false);
    expect(end).toMatch(/^running 1 .*rolled-back/);
  });
});
