import { expect, it } from "vitest";
import { createGathered, gather, gatheredBytes } from "#base/gathered.ts";

it("bytes that come one by one take at most twice their room, and never more than is allowed", () => {
  const gathered = createGathered();
  for (let i = 0; i < 1_000; i++) {
    expect(gather(gathered, Uint8Array.of(i), 1_000)).toBe(true);
    expect(gathered.bytes.length).toBeLessThanOrEqual(Math.max(64, 2 * gathered.length));
  }
  expect(gathered.bytes.length).toBe(1_000);
  expect(gather(gathered, Uint8Array.of(0), 1_000)).toBe(false);
  expect(gatheredBytes(gathered)).toEqual(Uint8Array.from({ length: 1_000 }, (_, i) => i));
});
