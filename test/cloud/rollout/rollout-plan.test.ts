import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, LIMITS, type Rollout, stillForgiven, type Tally, WAVES } from "#cloud/rollout/rollout-plan.ts";

const SINCE = 1_000_000;
const rollout: Rollout = {
  id: "r",
  product: "lamp",
  sequence: 2,
  state: "running",
  wave: 1,
  waveSinceMs: SINCE,
  waveSinceUpMs: SINCE,
  waves: WAVES,
  limits: { ...LIMITS, failures: 5, sample: 10, failureRate: 0.1, silenceRate: 0.2, soakMs: 60_000 },
  forgiven: { failed: 0, silent: 0 },
  because: "created",
};
const tally = (over: Partial<Tally>): Tally => ({
  eligible: 1000,
  members: 100,
  offered: 0,
  fetching: 0,
  trial: 0,
  rolledBack: 0,
  confirmed: 0,
  rejected: 0,
  refused: 0,
  silent: 0,
  away: 0,
  superseded: 0,
  ...over,
});
const later = SINCE + 60_000;

describe("what a rollout does next", () => {
  it("halts on the count of failures, whatever the rate", () => {
    expect(judge(rollout, tally({ confirmed: 90, rejected: 3, refused: 2 }), later)).toEqual({
      do: "halt",
      because: "5 devices failed; the limit is 5",
    });
  });

  it("halts on the rate of failures once the sample is large enough", () => {
    expect(judge(rollout, tally({ confirmed: 7, rejected: 2 }), later).do).toBe("open");
    expect(judge(rollout, tally({ confirmed: 8, rejected: 2 }), later)).toEqual({
      do: "halt",
      because: "20 % of 10 finished devices failed; the limit is 10 %",
    });
  });

  it("halts on silence: devices that began and were never heard again, or rolled back without a word", () => {
    expect(judge(rollout, tally({ confirmed: 8, trial: 3, silent: 3 }), later).do).toBe("halt");
    expect(judge(rollout, tally({ confirmed: 8, rolledBack: 3 }), later).do).toBe("halt");
    expect(judge(rollout, tally({ confirmed: 18, trial: 3, silent: 3 }), later).do).toBe("open");
  });

  it("opens the next wave after its watch, when a device confirmed and none is still at it", () => {
    expect(judge(rollout, tally({ confirmed: 1 }), later)).toMatchObject({ do: "open", wave: 2 });
    expect(judge(rollout, tally({ confirmed: 1 }), later - 1)).toMatchObject({ do: "wait" });
    expect(judge(rollout, tally({ confirmed: 1, trial: 1 }), later)).toMatchObject({ do: "wait" });
    expect(judge(rollout, tally({ offered: 5 }), later)).toMatchObject({ do: "wait" });
    expect(judge(rollout, tally({ members: 0 }), SINCE)).toMatchObject({ do: "open", wave: 2 });
    expect(judge(rollout, tally({ members: 0, eligible: 0 }), SINCE)).toMatchObject({ do: "wait" });
  });

  it("never waits for a device that fell silent below the limit", () => {
    expect(judge(rollout, tally({ confirmed: 20, trial: 1, silent: 1 }), later)).toMatchObject({ do: "open" });
  });

  it("never waits for a device that rolled back and is away", () => {
    expect(judge(rollout, tally({ confirmed: 20, rolledBack: 1 }), later)).toMatchObject({ do: "wait" });
    expect(judge(rollout, tally({ confirmed: 20, rolledBack: 1, away: 1 }), later)).toMatchObject({ do: "open" });
  });

  it("forgives no more than still is: who recovered leaves no room for another", () => {
    const resumed = { ...rollout, forgiven: { failed: 4, silent: 3 } };
    expect(stillForgiven(resumed, tally({ rejected: 1, refused: 1, trial: 1, silent: 1 }))).toEqual({
      failed: 2,
      silent: 1,
    });
    expect(stillForgiven(resumed, tally({ rejected: 9, silent: 9 }))).toBe(resumed.forgiven);
  });

  it("holds what was forgiven at a resume against nobody, but what comes after it", () => {
    const resumed = { ...rollout, forgiven: { failed: 5, silent: 2 } };
    expect(judge(resumed, tally({ confirmed: 20, rejected: 5, trial: 2, silent: 2 }), later).do).toBe("open");
    expect(judge(resumed, tally({ confirmed: 20, rejected: 10 }), later).do).toBe("halt");
  });

  it("moves by one wave at a time, and never past the last", () => {
    const count = fc.integer({ min: 0, max: 60 });
    const any = fc.record({
      eligible: count,
      members: count,
      offered: count,
      fetching: count,
      trial: count,
      rolledBack: count,
      confirmed: count,
      rejected: count,
      refused: count,
      silent: count,
      away: count,
      superseded: count,
    });
    fc.assert(
      fc.property(any, fc.integer({ min: 0, max: 4 }), (t, wave) => {
        const verdict = judge({ ...rollout, wave }, t, later);
        return verdict.do !== "open" || (verdict.wave === wave + 1 && verdict.wave < WAVES.length);
      }),
      { seed: 8, numRuns: 500 },
    );
  });
});
