/** The heap of the simulated board's engine: what it counts, whom it refuses, and when garbage is collected. */
import { expect, test } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { CODE_BYTES, type Engine, type EngineFailure, startEngine } from "#boards/sim/host/engine.ts";
import { createEngineHeap } from "#boards/sim/host/engine-heap.ts";
import { instantiateEngine } from "#boards/sim/host/engine-module.ts";
import type { GuestFunction } from "#boards/sim/host/marshal.ts";

const ARENA_BYTES = 300_000;
const APP_BYTES = 100_000;
const LIMITS = { heapBytes: CODE_BYTES + ARENA_BYTES, stackBytes: 64 * 1024, deadlineMs: 20_000 };
/** What the app may take more for the words of what it throws (firmware/main/heap.c). */
const OVERDRAFT_BYTES = 6144;

interface Bounded {
  readonly engine: Engine;
  readonly said: unknown[];
  failureOf(script: string): EngineFailure | undefined;
}

async function startBounded(): Promise<Bounded> {
  const said: unknown[] = [];
  const engine = await startEngine(
    { say: (...values) => void said.push(...values), bytes: (count) => new Uint8Array(Number(count)) },
    LIMITS,
  );
  engine.evaluate("globalThis.kept = [];", "start.js");
  engine.keepTo(ARENA_BYTES, APP_BYTES);
  const failureOf = (script: string) => {
    try {
      engine.evaluate(script, "test.js");
      return undefined;
    } catch (error) {
      return error as EngineFailure;
    }
  };
  return { engine, said, failureOf };
}

const LEAK = "for (;;) kept.push(new Array(100).fill(1));";

test("the app is refused what is beyond its bytes, may give them back, and leaves the rest to the runtime", async () => {
  const { engine, said } = await startBounded();
  const startBytes = engine.usedBytes();
  const run = (work: string) => engine.evaluate(`native.say(native.guard.run(() => { ${work} }))`, "app.js");
  run(LEAK);
  const leakedBytes = engine.usedBytes() - startBytes;
  expect(leakedBytes).toBeGreaterThan(APP_BYTES - OVERDRAFT_BYTES);
  expect(leakedBytes).toBeLessThan(APP_BYTES + OVERDRAFT_BYTES);
  engine.evaluate("globalThis.own = new Uint8Array(100_000);", "runtime.js");
  run("kept.length = 0;");
  run("kept.push(1);");
  expect(said).toEqual([FAULTS.APP_MEMORY, 0, 0]);
});

test("garbage in rings does not count against the app: before it is refused, the engine collects", async () => {
  const { engine, said } = await startBounded();
  const run = (work: string) => engine.evaluate(`native.say(native.guard.run(() => { ${work} }))`, "app.js");
  run(`kept.push(new Uint8Array(${APP_BYTES / 2}));
    for (let i = 0; i < 40; i++) { const ring = { bytes: new Uint8Array(${APP_BYTES / 10}) }; ring.ring = ring; }`);
  // What is no garbage is refused all the same.
  run(`for (let i = 0; i < 40; i++) kept.push({ bytes: new Uint8Array(${APP_BYTES / 10}) });`);
  expect(said).toEqual([0, FAULTS.APP_MEMORY]);
});

test("what jobs of promises leak is the app's, and the run goes on", async () => {
  const { engine, failureOf } = await startBounded();
  const startBytes = engine.usedBytes();
  expect(failureOf(`Promise.resolve().then(() => { ${LEAK} });`)).toBe(undefined);
  expect(engine.usedBytes() - startBytes).toBeLessThan(APP_BYTES + OVERDRAFT_BYTES);
});

test("the runtime is refused what is beyond the arena, also when it comes from the host", async () => {
  const { failureOf } = await startBounded();
  const failure = failureOf(`kept.push(new Uint8Array(${ARENA_BYTES}));`);
  expect(failure?.reason).toBe("out-of-memory");
  expect(failure?.message).toMatch(/^the arena of 300000 bytes is exhausted$/m);
  expect(failureOf("for (let i = 0; i < 40; i++) kept.push(native.bytes(10_000));")?.reason).toBe("out-of-memory");
  const receivers: unknown[] = [];
  const engine = await startEngine({ onEvent: (receive) => void receivers.push(receive) }, LIMITS);
  engine.evaluate("native.onEvent(() => undefined)", "start.js");
  engine.keepTo(ARENA_BYTES, APP_BYTES);
  const call = () => engine.call(receivers[0] as GuestFunction, { bytes: new Uint8Array(ARENA_BYTES) });
  expect(call).toThrow("the arena of 300000 bytes is exhausted");
});

test("garbage in rings is collected by its bytes: within one event, and between many", async () => {
  const { engine, failureOf } = await startBounded();
  const startBytes = engine.usedBytes();
  const litter = (count: number) =>
    `for (let i = 0; i < ${count}; i++) { const ring = { bytes: new Uint8Array(2_000) }; ring.ring = ring; }`;
  expect(failureOf(litter(1_000))).toBe(undefined);
  for (let event = 0; event < 200; event++) expect(failureOf(litter(5))).toBe(undefined);
  expect(engine.usedBytes() - startBytes).toBeLessThan(40_000);
});

test("an engine that is laid out in another way is refused in one line", async () => {
  const module = await instantiateEngine();
  const other = { ...module, runtimeAddress: module.runtimeAddress + 4 };
  expect(() => createEngineHeap(other, 1_000_000)).toThrow("take the version that package-lock.json names");
});
