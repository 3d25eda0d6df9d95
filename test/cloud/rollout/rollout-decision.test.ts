import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf } from "#cloud/rollout/bucket.ts";
import {
  type DeviceFacts,
  decide,
  isInWindow,
  judgeRelease,
  type ReleaseFacts,
} from "#cloud/rollout/rollout-decision.ts";
import { type AttemptState, LIMITS, type Rollout, WAVES } from "#cloud/rollout/rollout-plan.ts";

const NOW = Date.UTC(2026, 10, 23, 12, 0);

const device = (over: Partial<DeviceFacts> = {}): DeviceFacts => ({
  id: "00112233445566778899aabb",
  product: "lamp",
  hardware: 1,
  lab: false,
  sequence: 1,
  attempts: new Map(),
  ...over,
});

const release = (over: Partial<ReleaseFacts> = {}): ReleaseFacts => ({
  sequence: 2,
  product: "lamp",
  hardware: [1, 2],
  withdrawn: false,
  ...over,
});

const rollout = (over: Partial<Rollout> = {}): Rollout => ({
  id: "lamp-2-a",
  product: "lamp",
  sequence: 2,
  state: "running",
  wave: 4,
  waveSinceMs: NOW,
  waveSinceUpMs: 0,
  waves: WAVES,
  limits: LIMITS,
  forgiven: { failed: 0, silent: 0 },
  because: "created",
  ...over,
});

const failed = (over: Partial<DeviceFacts>, r: Partial<ReleaseFacts> = {}, o: Partial<Rollout> = {}) =>
  judgeRelease(device(over), release(r), rollout(o), NOW)
    .checks.filter((check) => !check.holds)
    .map((check) => check.check);

describe("whether a device may have a release", () => {
  it("offers a newer release of an open wave", () => {
    const decision = judgeRelease(device(), release(), rollout(), NOW);
    expect(decision.offer).toBe(true);
    expect(decision.checks.every((check) => check.says.length > 0)).toBe(true);
  });

  it.each<[string, string, Partial<DeviceFacts>, Partial<ReleaseFacts>, Partial<Rollout>]>([
    ["another product", "product", { product: "door" }, {}, {}],
    ["another hardware revision", "hardware", { hardware: 3 }, {}, {}],
    ["what it runs", "newer", { sequence: 2 }, {}, {}],
    ["an older one", "newer", { sequence: 9 }, {}, {}],
    ["a withdrawn one", "not withdrawn", {}, { withdrawn: true }, {}],
    ["one above its pin", "pin", { pin: 1 }, {}, {}],
    ["one that it rejected", "not failed before", { attempts: new Map([[2, "rejected"]]) }, {}, {}],
    ["one that it refused", "not failed before", { attempts: new Map([[2, "refused"]]) }, {}, {}],
    ["one outside its window", "maintenance window", { window: { fromMinute: 60, toMinute: 120 } }, {}, {}],
    ["one of a halted rollout", "rollout", {}, {}, { state: "halted" }],
    ["one of a cancelled rollout", "rollout", {}, {}, { state: "cancelled" }],
    ["one whose lab wave alone is open", "wave", {}, {}, { wave: 0 }],
  ])("refuses %s, and names that check alone", (_, check, d, r, o) => {
    expect(failed(d, r, o)).toEqual([check]);
  });

  it("gives a rolled-back device another try, and lets one in the middle go on outside its window", () => {
    const window = { fromMinute: 60, toMinute: 120 };
    expect(failed({ attempts: new Map([[2, "rolled-back"]]) })).toEqual([]);
    expect(failed({ window, attempts: new Map([[2, "fetching"]]) })).toEqual([]);
    expect(failed({ window, attempts: new Map([[2, "offered"]]) })).toEqual(["maintenance window"]);
  });

  it("takes lab devices into every wave, and a targeted device past the waves but never past a halt", () => {
    expect(failed({ lab: true }, {}, { wave: 0 })).toEqual([]);
    expect(failed({ target: 2 }, {}, { wave: 0 })).toEqual([]);
    expect(failed({ target: 2 }, {}, { wave: 0, state: "halted" })).toEqual(["rollout"]);
    expect(judgeRelease(device({ target: 2 }), release(), undefined, NOW).offer).toBe(true);
    expect(judgeRelease(device(), release(), undefined, NOW).offer).toBe(false);
  });

  it("knows windows that span midnight", () => {
    const night = { fromMinute: 23 * 60, toMinute: 5 * 60 };
    expect(isInWindow(night, Date.UTC(2026, 0, 1, 23, 30))).toBe(true);
    expect(isInWindow(night, Date.UTC(2026, 0, 1, 4, 59))).toBe(true);
    expect(isInWindow(night, Date.UTC(2026, 0, 1, 5, 0))).toBe(false);
  });

  it("takes the newest of what may be offered", () => {
    const releases = [release(), release({ sequence: 3 }), release({ sequence: 4, withdrawn: true })];
    const rollouts = [2, 3, 4].map((sequence) => rollout({ id: `r${sequence}`, sequence }));
    const { taken, all } = decide(device(), releases, rollouts, NOW);
    expect(taken?.sequence).toBe(3);
    expect(all.map((decision) => decision.sequence)).toEqual([4, 3, 2]);
  });
});

describe("buckets", () => {
  it("stay for ever: this one is written down", () => {
    expect(bucketOf("lamp-2-a", "00112233445566778899aabb")).toBe(112);
  });

  it("spread devices evenly and differently in each rollout", () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => i.toString(16).padStart(24, "0"));
    for (const { share } of WAVES.slice(1)) {
      const members = ids.filter((id) => bucketOf("a", id) < share).length;
      expect(Math.abs(members / ids.length - share / 10_000)).toBeLessThan(0.01);
    }
    const both = ids.filter((id) => bucketOf("a", id) < 2_500 && bucketOf("b", id) < 2_500).length;
    expect(Math.abs(both / ids.length - 1 / 16)).toBeLessThan(0.01);
  });
});

describe("properties of every decision", () => {
  const attempt = fc.constantFrom<AttemptState>(
    "offered",
    "fetching",
    "trial",
    "rolled-back",
    "confirmed",
    "rejected",
    "refused",
  );
  const facts = fc.record({
    id: fc.integer({ min: 0, max: 1 << 30 }).map((n) => n.toString(16).padStart(24, "0")),
    product: fc.constantFrom("lamp", "door"),
    hardware: fc.integer({ min: 1, max: 3 }),
    lab: fc.boolean(),
    sequence: fc.integer({ min: 0, max: 5 }),
    attempts: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), attempt)).map((pairs) => new Map(pairs)),
  });
  const releases = fc.uniqueArray(
    fc.record({
      sequence: fc.integer({ min: 1, max: 5 }),
      product: fc.constantFrom("lamp", "door"),
      hardware: fc.subarray([1, 2, 3]),
      withdrawn: fc.boolean(),
    }),
    { selector: (r) => `${r.product} ${r.sequence}` },
  );
  const rollouts = fc.uniqueArray(
    fc.record({
      sequence: fc.integer({ min: 1, max: 5 }),
      product: fc.constantFrom("lamp", "door"),
      state: fc.constantFrom<Rollout["state"]>("running", "halted", "cancelled"),
      wave: fc.integer({ min: 0, max: 4 }),
    }),
    { selector: (r) => `${r.product} ${r.sequence}` },
  );

  it("never offers what is old, foreign, withdrawn, halted, failed or outside the wave", () => {
    fc.assert(
      fc.property(facts, releases, rollouts, (d, rs, os) => {
        const plans = os.map((o) => rollout({ ...o, id: `${o.product}-${o.sequence}` }));
        const { taken } = decide(d, rs, plans, NOW);
        if (taken === undefined) return true;
        const given = rs.find((r) => r.sequence === taken.sequence && r.product === d.product);
        const plan = plans.find((o) => o.id === taken.rollout);
        const share = plan?.waves[plan.wave]?.share ?? 0;
        const state = d.attempts.get(taken.sequence);
        return (
          given !== undefined &&
          given.sequence > d.sequence &&
          given.hardware.includes(d.hardware) &&
          !given.withdrawn &&
          plan?.state === "running" &&
          state !== "rejected" &&
          state !== "refused" &&
          (d.lab || bucketOf(plan.id, d.id) < share)
        );
      }),
      { seed: 6, numRuns: 500 },
    );
  });

  it("a wider wave never takes a device away, and the decision's checks always say why", () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 0, max: 3 }), (d, wave) => {
        const narrow = judgeRelease(d, release(), rollout({ wave }), NOW);
        const wide = judgeRelease(d, release(), rollout({ wave: wave + 1 }), NOW);
        return (!narrow.offer || wide.offer) && narrow.offer === narrow.checks.every((check) => check.holds);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
