import { describe, expect, it } from "vitest";
import { createRateLimit, takeTurn } from "#device/rate-limit.ts";

describe("how often a source may make the unit work", () => {
  const limit = () => createRateLimit({ burst: 3, everyMs: 1000 }, { burst: 8, everyMs: 100 });
  const turns = (at: ReturnType<typeof limit>, source: string, nowMs: number, tries = 20) =>
    Array.from({ length: tries }, () => takeTurn(at, source, nowMs)).filter(Boolean).length;

  it("is a burst, then one turn at a time", () => {
    const at = limit();
    expect(turns(at, "a", 0)).toBe(3);
    expect(turns(at, "a", 999)).toBe(0);
    expect(turns(at, "a", 1000)).toBe(1);
    expect(turns(at, "a", 60_000)).toBe(3);
  });

  it("is not used up by another source", () => {
    const at = limit();
    expect(turns(at, "a", 0, 1000)).toBe(3);
    expect(turns(at, "b", 0)).toBe(3);
  });

  it("is bounded for all sources together, and so is the memory of them", () => {
    const at = limit();
    let taken = 0;
    for (let i = 0; i < 1000; i++) taken += turns(at, `source ${i}`, 0, 1);
    expect(taken).toBe(8);
    expect(at.buckets.length).toBeLessThanOrEqual(16);
    expect(turns(at, "late", 100)).toBe(1);
  });
});
