/** The search for how many idle devices a process holds: real devices on a real cloud, and what is made of the figures. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { growIdleFleet, nextSize } from "./bench/fleet-idle.ts";
import { type IdleStep, kneeOf, medianQuantile } from "./bench/fleet-knee.ts";
import { prepare } from "./bench/fleet-servers.ts";

const step = (devices: number, pingP99Ms: number, connectsPerS: number): IdleStep => ({
  ...{ devices, pingP99Ms, connectsPerS, connectCpuMs: 1, deviceBytes: 20_000 },
});

test("the knee is the last size at which pings and connections are about as quick as at the first", () => {
  const good = [step(2_000, 20, 900), step(4_000, 25, 800)];
  expect(kneeOf(good)).toEqual({ devices: 4_000, isReached: false });
  expect(kneeOf([...good, step(8_000, 41, 800)])).toEqual({ devices: 4_000, isReached: true });
  expect(kneeOf([...good, step(8_000, 25, 449)])).toEqual({ devices: 4_000, isReached: true });
  expect(kneeOf([...good, step(8_000, 90, 800), step(16_000, 25, 800)]).devices).toBe(16_000);
});

test("pings that are prompt are no knee, however prompt the first were", () => {
  expect(kneeOf([step(2_000, 1, 900), step(4_000, 9, 900)])).toEqual({ devices: 4_000, isReached: false });
});

test("one second's hiccup is not the fleet's p99", () => {
  const calm = Array.from({ length: 100 }, (_, i) => i / 100);
  expect(medianQuantile([calm, calm.map((ms) => ms + 500), calm], 0.99)).toBe(0.98);
});

test("a fleet doubles until the files that a process may open are nearly all taken", () => {
  expect(nextSize(2_000, 20_000)).toBe(4_000);
  expect(nextSize(16_000, 20_000)).toBe(19_700);
  expect(nextSize(19_700, 20_000)).toBeUndefined();
});

test("idle devices prove themselves to a real cloud, stay, and are answered", async () => {
  const setting = prepare();
  try {
    const growth = { first: 150, most: 300, pingS: 1, boundMs: 1_200_000 };
    const { steps, limit } = await growIdleFleet(setting, growth);
    expect(steps.map(({ devices }) => devices)).toEqual([150, 300]);
    expect(limit).toBe("not tried");
    for (const { pingP99Ms, connectsPerS, connectCpuMs } of steps) {
      expect(pingP99Ms).toBeGreaterThan(0);
      expect(connectsPerS).toBeGreaterThan(0);
      expect(connectCpuMs).toBeGreaterThan(0);
    }
  } finally {
    rmSync(setting.folder, { recursive: true, force: true });
  }
});
