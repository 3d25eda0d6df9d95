import { describe, expect, it } from "vitest";
import { simulateFleet } from "#cli/sim/fleet-simulation.ts";

const quick = { imageBytes: 9_000, limits: { soakMs: 2_000, silenceMs: 60_000, sample: 10_000 } };

describe("a simulated fleet and the cloud's core in one process", () => {
  it("brings every unit to a known end over breaks, power cuts, a partition and three deaths of the cloud", async () => {
    const report = await simulateFleet({
      ...quick,
      ...{ units: 150, seed: 11, crashing: 0.05, silent: 0.02, powerCuts: 0.5, broken: 0.02 },
      killsAtMs: [6_000, 12_000, 31_000],
    });
    expect(report.broken).toEqual([]);
    expect(report.kills).toBe(3);
    expect(report.powerCuts).toBeGreaterThan(10);
    expect(report.truth.old).toBe(0);
    expect(report.truth.updated).toBeGreaterThan(120);
  });

  it("sends no block after an acknowledged halt, and goes on after the resume", async () => {
    const report = await simulateFleet({ ...quick, units: 120, seed: 12, haltAt: 20, crashing: 0, silent: 0 });
    expect(report).toMatchObject({ broken: [], blocksAfterHalt: 0, state: "running" });
    expect(report.truth.updated).toBe(120);
  });

  it("halts by itself when a release is bad, and most units are spared", async () => {
    const limits = { ...quick.limits, sample: 5 };
    const report = await simulateFleet({
      ...quick,
      limits,
      units: 400,
      seed: 13,
      crashing: 0.9,
      silent: 0.05,
      partition: false,
    });
    expect(report).toMatchObject({ state: "halted", broken: [] });
    expect(report.because).toMatch(/finished devices failed; the limit is 5 %|fell silent/);
    expect(report.truth.old).toBeGreaterThan(200);
  });

  it("repeats: the same seed gives the same trace, another one another", async () => {
    const run = (seed: number) => simulateFleet({ ...quick, units: 40, seed, partition: false });
    const [a, b, c] = [await run(5), await run(5), await run(6)];
    expect([a.trace, a.messages, a.virtualMs]).toEqual([b.trace, b.messages, b.virtualMs]);
    expect(c.trace).not.toBe(a.trace);
  });
});
