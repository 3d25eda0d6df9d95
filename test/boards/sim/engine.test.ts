import { expect, test } from "vitest";
import { faultNumber } from "#base/faults.ts";
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

/** Runs a script that listens for events, and shows it one. @returns What it saw, and how the run ended. */
async function shown(source: string): Promise<{ seen: readonly unknown[]; failure?: EngineFailure }> {
  const seen: unknown[] = [];
  let callback: GuestFunction | undefined;
  const native = {
    see: (...values: unknown[]) => void seen.push(...values),
    onEvent: (receive: unknown) => {
      callback = receive as GuestFunction;
    },
  };
  const engine = await startEngine(native, { ...LIMITS, receiver: () => callback });
  try {
    engine.evaluate(source, "rejections.js");
    engine.call(callback as GuestFunction, { kind: "go" });
    return { seen };
  } catch (error) {
    return { seen, failure: error as EngineFailure };
  }
}

test("a promise that was rejected is told to the bundle once nobody waits for it, as on a chip", async () => {
  const listen = (work: string) =>
    `native.onEvent((event) => { if (event.kind === "go") { ${work} } else native.see(event.kind, String(event.reason)); });`;
  expect(await shown(listen("void (async () => { await null; throw new TypeError('no lamp'); })()"))).toEqual({
    seen: ["rejected", "TypeError: no lamp"],
  });
  expect((await shown(listen("void Promise.reject(7); void Promise.reject('the last one')"))).seen).toEqual([
    "rejected",
    "the last one",
  ]);
  expect((await shown(listen("Promise.reject(new Error('heard')).catch(() => undefined)"))).seen).toEqual([]);
  const again = "native.onEvent((event) => void Promise.reject(new Error('again')));";
  expect((await shown(again)).failure?.message).toContain("fails whenever it is told of a failure");
});

test("one that fails before the bundle listens ends the run, with its line", async () => {
  const { failure } = await shown("\nasync function probe() { null.x; }\nvoid probe();");
  expect([failure?.reason, failure?.message]).toEqual(["exception", expect.stringMatching(/TypeError[\s\S]*:2:/)]);
});

test("what the guard broke off, and what had no more memory, says at which line it was", async () => {
  const listen = (work: string) =>
    `native.onEvent(() => { native.see(native.guard.run(() => { ${work} }), native.guard.brokenAt()); });`;
  const { seen } = await shown(`${listen("spins();")}\nfunction spins() {\n for (;;);\n}`);
  // Code that is broken off is at its function: the engine notes a line at a call or a throw alone.
  expect(seen).toEqual([faultNumber("APP_OVERDUE"), expect.stringMatching(/^\s+at spins \(rejections\.js:2:/)]);
  const { failure } = await shown("const all = [];\nfor (;;)\n all.push(new Uint8Array(1024));");
  expect([failure?.reason, failure?.message]).toEqual(["out-of-memory", expect.stringMatching(/rejections\.js:3/)]);
});
