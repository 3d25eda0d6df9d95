import { expect, test } from "vitest";
import { type EngineFailure, startEngine } from "#boards/sim/host/engine.ts";
import type { GuestFunction } from "#boards/sim/host/marshal.ts";

const LIMITS = { heapBytes: 300 * 1024, stackBytes: 64 * 1024, deadlineMs: 500 };

async function failureOf(source: string): Promise<EngineFailure | undefined> {
  const engine = await startEngine({}, LIMITS);
  try {
    engine.evaluate(source, "test.js");
    return undefined;
  } catch (error) {
    return error as EngineFailure;
  }
}

test("memory runs out at the arena's size, give or take what the engine itself holds", async () => {
  let kept = 0;
  const engine = await startEngine({ kept: () => ++kept }, LIMITS);
  let failure: EngineFailure | undefined;
  try {
    engine.evaluate("const all = []; for (;;) { all.push(new Uint8Array(1024)); native.kept(); }", "hoard.js");
  } catch (error) {
    failure = error as EngineFailure;
  }
  expect(failure?.reason).toBe("out-of-memory");
  expect(kept).toBeGreaterThan(100);
  expect(kept).toBeLessThan(300);
});

test("an endless loop, a deep recursion and a throw are told apart", async () => {
  expect((await failureOf("for (;;);"))?.reason).toBe("watchdog");
  expect((await failureOf("function f() { return f() + 1; } f();"))?.reason).toBe("exception");
  expect((await failureOf("throw new TypeError('no lamp')"))?.message).toContain("TypeError: no lamp");
  // A promise's job is the app's: it is broken off, and the run goes on.
  expect(await failureOf("Promise.resolve().then(() => { for (;;); })")).toBe(undefined);
});

test("features newer than the firmware's engine are hidden", async () => {
  const seen: unknown[] = [];
  const engine = await startEngine({ see: (value) => seen.push(value) && undefined }, LIMITS);
  engine.evaluate(
    "native.see(typeof Iterator + typeof Float16Array + typeof Promise.try + typeof Math.sumPrecise)",
    "x",
  );
  expect(seen).toEqual(["undefinedundefinedundefinedundefined"]);
});

test("values cross the border both ways, byte strings with their own offsets", async () => {
  const seen: unknown[] = [];
  let callback: GuestFunction | undefined;
  const engine = await startEngine(
    {
      facet: {
        echo: (value) => value,
        bytes: () => Uint8Array.of(7, 8, 9),
        see: (...values) => void seen.push(...values),
        onEvent: (receive) => {
          callback = receive as GuestFunction;
        },
      },
    },
    LIMITS,
  );
  engine.evaluate(
    `const { facet } = native;
     facet.see(facet.echo(1.5), facet.echo("ü"), facet.echo(true), facet.echo(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)));
     facet.see(facet.bytes() instanceof Uint8Array, facet.bytes()[2]);
     facet.onEvent((event) => Promise.resolve().then(() => facet.see(event.kind, event.list[1].bytes)));`,
    "border.js",
  );
  engine.call(callback as GuestFunction, { kind: "frame", list: [0, { bytes: Uint8Array.of(5) }] });
  expect(seen).toEqual([1.5, "ü", true, Uint8Array.of(2, 3), true, 9, "frame", Uint8Array.of(5)]);
});
