/** Whatever the maker's code throws or answers: the unit stays up, its caller gets a refusal, and its maker learns the message. */
import { beforeEach, describe, expect, it } from "vitest";
import type { AppIo } from "#device/app-interface.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { appOf, createOutside, type Outside, type Run, startUnit } from "./app-unit.ts";

let outside: Outside;
/** The owner lets the maker see all of it, except where a test says otherwise. */
const ALL = Uint8Array.of(2);
beforeEach(() => {
  outside = createOutside();
  outside.kept.set(OWN.diagnostics, ALL);
});
const start = (...[app, options]: [Parameters<typeof startUnit>[1], Parameters<typeof startUnit>[2]?]) =>
  startUnit(outside, app, options);

const cyclic: unknown[] = [];
cyclic.push(cyclic);

describe("an answer that cannot be told", () => {
  it.each([
    ["a plain object", () => ({ a: 1 }), /a plain object: use a Map or an array/],
    ["one within a list", () => [1, [{ a: 1 }]], /a plain object/],
    ["one within a map", () => new Map([["a", {}]]), /a plain object/],
    ["a promise within a list", () => [Promise.resolve(1)], /a promise/],
    ["a function", () => () => 1, /a function/],
    ["a symbol", () => Symbol("s"), /a symbol/],
    ["itself, again and again", () => cyclic, /nested too deeply/],
    ["more than 64 bits", () => 1n << 64n, /nothing that CBOR can say/],
    ["a map whose keys are lists", () => new Map([[[1], 1]]), /nothing that CBOR can say/],
    ["something that looks like a tag", () => ({ tag: -1, value: null }), /nothing that CBOR can say/],
    ["more than a record holds", () => "x".repeat(2_000), /too long: 2003 bytes of at most 1984/],
  ])("%s is refused, by the function's name and the reason", async (_, tell, reason) => {
    const unit = start(appOf({ tell }));
    unit.link(true);
    expect(unit.call("tell")).toBe("APP_ANSWER");
    expect(outside.said).toMatch(/^app: tell: its answer is /);
    expect(outside.said).toMatch(reason);
    expect(outside.reports).toMatchObject([
      { release: "7", name: "tell", message: outside.said.slice(11).trim(), missed: 0 },
    ]);
    expect(unit.call("tell")).toBe("APP_ANSWER");
  });

  it("but whatever CBOR can say is told", () => {
    const value = new Map<string, unknown>([
      ["list", [1, -1.5, "x", null, true, Uint8Array.of(1)]],
      ["big", 1n << 60n],
    ]);
    const unit = start(appOf({ tell: () => value, nothing: () => undefined }));
    expect(unit.call("tell")).toEqual(value);
    expect(unit.call("nothing")).toBe(null);
    expect(outside.said).toBe("");
  });

  it("an async function's later failure is heard and reported", async () => {
    const unit = start(
      appOf({
        async later() {
          await Promise.resolve();
          throw new Error("too late");
        },
      }),
    );
    expect(unit.call("later")).toBe(undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(outside.said).toMatch(/app: later: Error: too late/);
  });
});

describe("what the app throws", () => {
  it.each([
    ["in a function", () => (undefined as never as Uint8Array).length, /app: f: TypeError: /],
    [
      "as a text",
      () => {
        throw "out of oil";
      },
      /app: f: out of oil\n/,
    ],
    [
      "as nothing that is a text",
      () => {
        throw Object.create(null);
      },
      /app: f: something that is no text/,
    ],
    [
      "over several lines",
      () => {
        throw new Error("one\ntwo\u001b[2J");
      },
      /app: f: Error: one two \[2J\n$/,
    ],
    [
      "at a pin that the board lacks",
      (_: unknown, io: AppIo) => io.pin("lampp").write(1),
      /app: f: RangeError: no such output pin lampp/,
    ],
    [
      "at an event that it never named",
      (_: unknown, io: AppIo) => io.raise("gone"),
      /app: f: Error: no event is called gone: add it to events/,
    ],
    [
      "at an event's value",
      (_: unknown, io: AppIo) => io.raise("pressed", { a: 1 } as never),
      /the value of event pressed is a plain object/,
    ],
    [
      "at an event's long value",
      (_: unknown, io: AppIo) => io.raise("pressed", "x".repeat(300)),
      /the value of event pressed is too long/,
    ],
    ["at a place beyond the poles", (_: unknown, io: AppIo) => io.located(Number.NaN, 0), /located: no place on Earth/],
  ] as [string, Run, RegExp][])("%s is a refusal with its message on console and link", (_, f, line) => {
    const unit = start(appOf({ f, g: () => 1 }, { events: { pressed: {} } }));
    unit.link(true);
    expect(unit.call("f")).toBe("APP_THREW");
    expect(outside.said).toMatch(line);
    expect(outside.reports.map(({ name, message }) => `app: ${name}: ${message}\n`).join("")).toBe(outside.said);
    expect(outside.seen.some(({ kind }) => kind === "raised" || kind === "located")).toBe(false);
    expect(unit.call("g")).toBe(1);
  });

  it("in a variable, too", () => {
    const variables = {
      v: {
        right: "read",
        read: () => {
          throw new Error("no sensor");
        },
      },
    };
    const unit = start(appOf({}, { variables }));
    expect(unit.call("v")).toBe("APP_THREW");
    expect(outside.said).toBe("app: v: Error: no sensor\n");
  });

  it("at its start leaves a confirmed unit running, and says so", () => {
    const unit = start(
      appOf(
        { f: () => 1 },
        {
          start: () => {
            throw new Error("a mistake");
          },
        },
      ),
    );
    expect(outside.seen.filter(({ kind }) => kind === "app-started")).toMatchObject([{ passed: false }]);
    unit.link(true);
    expect(outside.reports).toMatchObject([{ release: "7", name: "start", message: "Error: a mistake", missed: 0 }]);
    expect(unit.call("f")).toBe(1);
    expect([...outside.kept.keys()]).toEqual([OWN.diagnostics, OWN.appStarts, OWN.appCrash]);
  });

  it("at the start of a trial ends it, and the image that runs afterwards tells the cloud", () => {
    const broken = appOf(
      {},
      {
        start: () => {
          throw new Error("a mistake");
        },
      },
    );
    for (let crash = 1; crash <= 3; crash++)
      expect(() => start(broken, { isTrial: true, release: "8" })).toThrow("a mistake");
    const unit = start(appOf({}), { release: "7" });
    expect([outside.reports, outside.kept.has(OWN.appFailure)]).toEqual([[], true]);
    unit.link(true);
    expect(outside.reports).toMatchObject([{ release: "8", name: "start", message: "Error: a mistake", missed: 0 }]);
    expect(outside.kept.has(OWN.appFailure)).toBe(false);
  });

  it("in a promise that nobody waits for, where the board tells of it", () => {
    const unit = start(appOf({ f: () => 1 }));
    unit.link(true);
    unit.reject(new Error("lost"));
    unit.reject(undefined);
    expect(outside.said).toBe("app: promise: Error: lost\napp: promise: undefined\n");
    expect(outside.reports).toMatchObject([{ name: "promise", message: "Error: lost" }, { message: "undefined" }]);
    expect(unit.call("f")).toBe(1);
  });

  it("in its self-test fails it", () => {
    start(
      appOf(
        {},
        {
          selfTest: () => {
            throw new Error("no");
          },
        },
      ),
    );
    expect(outside.seen.filter(({ kind }) => kind === "app-started")).toMatchObject([{ passed: false }]);
    expect(outside.said).toBe("app: selfTest: Error: no\n");
  });
});

it("a caller who makes the app throw all day fills neither memory, flash nor the link; what was left out is counted", () => {
  const unit = start(
    appOf({
      f: () => {
        throw new Error("again");
      },
    }),
  );
  unit.link(true);
  for (let i = 0; i < 1_000; i++) unit.call("f");
  expect(outside.reports).toHaveLength(4);
  unit.pass(900_000);
  unit.call("f");
  expect(outside.reports[4]).toMatchObject({ message: "Error: again", missed: 996 });
  unit.link(false);
  for (let day = 0; day < 96; day++) {
    unit.pass(900_000);
    unit.call("f");
  }
  unit.link(true);
  expect(outside.reports).toHaveLength(9);
  expect([...outside.kept.keys()]).toEqual([OWN.diagnostics, OWN.appCrash]);
});

it("a line that the app logs stays one line, and no station takes it for the unit's own words", () => {
  start(appOf({}, { start: (io: AppIo) => io.log(`hot\n{"device":"forged"}\r${"x".repeat(500)}`) }));
  expect(outside.said).toMatch(/^app: hot \{"device":"forged"\} x+\n$/);
  expect(outside.said.length).toBe(206);
});

describe("what the maker sees of it is the owner's choice", () => {
  const app = appOf({
    f: (_, io) => {
      io.log("it is 47110 degrees");
      throw new RangeError("too warm: 47110");
    },
  });

  it("without a word of the owner's no value leaves the unit", () => {
    outside.kept.delete(OWN.diagnostics);
    const unit = start(app);
    unit.call("f");
    unit.link(true);
    const [report] = outside.reports;
    expect(report).toMatchObject({ level: "crashes", name: "f", message: "RangeError", fault: "APP_THREW", lines: "" });
    expect(report?.stack).toMatch(/^\s+at /);
    expect(JSON.stringify(report)).not.toContain("47110");
  });

  it("at all the message and the last lines go with it", () => {
    const unit = start(app);
    unit.call("f");
    unit.link(true);
    const lines = "app: it is 47110 degrees\n";
    expect(outside.reports).toMatchObject([{ level: "all", message: "RangeError: too warm: 47110", lines }]);
  });

  it.each([
    ["at none", Uint8Array.of(0)],
    ["where that can't be read", Uint8Array.of(9)],
  ])("%s nothing is told", (_, level) => {
    outside.kept.set(OWN.diagnostics, level);
    const unit = start(app);
    unit.link(true);
    unit.call("f");
    expect(outside.reports).toEqual([]);
    expect(outside.kept.has(OWN.appCrash)).toBe(true);
  });

  it("what waits in flash is dropped where the owner allowed more when it was made", () => {
    const broken = appOf(
      {},
      {
        start: () => {
          throw new Error("31");
        },
      },
    );
    expect(() => start(broken, { isTrial: true, release: "8" })).toThrow("31");
    expect(outside.kept.has(OWN.appFailure)).toBe(true);
    outside.kept.delete(OWN.diagnostics);
    start(app).link(true);
    expect([outside.reports, outside.kept.has(OWN.appFailure)]).toEqual([[], false]);
  });
});
