/** An error of marked code names the statement that failed, and the code does what it did before. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placeOfStack } from "#cli/dev/stack-places.ts";
import { withStatements, withWholeNames } from "#factory/bundle/names.ts";
import { releaseMarks, statementMarks } from "#factory/bundle/statement-marks.ts";

const SOURCE = `
const helper = (value: number) => value * 2;
const fails = () => missing.name;
declare const missing: { name: string };
class Base { constructor(readonly size: number) {} }
class Wide extends Base {
  constructor() {
    super(4);
  }
  area() {
    return this.size * this.height(); // in a method
  }
  height(): number { throw new Error("no height"); }
}
${"export"} const cases: Record<string, () => unknown> = {
  block() {
    for (const each of [1, 2, 3]) {
      const twice = helper(each);
      if (twice > 4) throw new Error("in a block");
    }
  },
  rest() {
    return helper(1) +
      helper(2) + missing.name.length; // after helpers
  },
  arrow: () => fails(),
  async later() {
    await Promise.resolve();
    helper(3);
    throw new Error("after an await");
  },
  asyncArrow: async () => await Promise.reject(new Error("in an arrow")),
  rejected() {
    helper(1);
    return Promise.reject(helper(2) > 1 ? new RangeError("never thrown") : undefined);
  },
  kept: () => new Promise((_, reject) => reject(new Error("an argument"))),
  method: () => new Wide().area(),
  choice() {
    switch (helper(1)) {
      case 1: return 1;
      case 2:
        helper(2)
        throw new Error("in a case");
    }
  },
  generator() {
    function* numbers() { yield 1; throw new Error("in a generator"); }
    return [...numbers()];
  },
  again() {
    try {
      helper(1);
      throw new Error("first");
    } catch (error) {
      throw error; // where it began counts
    }
  },
};
${"export"} function works(): unknown {
  let sum = 0
  outer: for (let i = 0; i < 3; i++) {
    for (;;) { if (i === 1) continue outer; else if (i === 2) break outer
      else { sum += helper(5); break } }
  }
  do sum++
  while (sum < 20)
  const object = (name: string, size = helper(2)) => ({ name, size });
  return [sum, object("a"), [3, 1, 2].sort((a, b) => a - b), new Wide().size];
}
`;

const folder = mkdtempSync(join(tmpdir(), "latchkey-marks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Marked {
  readonly cases: Readonly<Record<string, () => unknown>>;
  works(): unknown;
}
const places: string[] = [];
let marked: Marked;

beforeAll(async () => {
  const path = join(folder, "app.ts");
  writeFileSync(path, SOURCE);
  marked = (await loaded(path, places)) as Marked;
});

/** Builds a file with marks and runs it. @returns Its exports. @throws What its statements throw */
async function loaded(path: string, marks: string[]): Promise<object> {
  const { outputFiles } = await build({
    ...{ stdin: { contents: `export * from ${JSON.stringify(path)};\n`, resolveDir: "." }, bundle: true, write: false },
    ...{ format: "cjs", target: "es2020", plugins: [statementMarks(marks)] },
  });
  const module = { exports: {} };
  new Function("module", "exports", outputFiles[0]?.text ?? "")(module, module.exports);
  return module.exports;
}

/** Where an error says that it came about. */
const placeOf = (error: unknown, marks: readonly string[]) =>
  placeOfStack(error instanceof Error ? String(error.stack) : "", { map: "", places: marks });

test.each([
  ["block", 'throw new Error("in a block")'],
  ["rest", "return helper(1) +"],
  ["arrow", "missing.name;"],
  ["later", 'throw new Error("after an await")'],
  ["asyncArrow", 'new Error("in an arrow")'],
  ["rejected", 'new RangeError("never thrown")'],
  ["kept", 'new Error("an argument")'],
  ["method", 'throw new Error("no height")'],
  ["choice", 'throw new Error("in a case")'],
  ["generator", 'throw new Error("in a generator")'],
  ["again", 'throw new Error("first")'],
])("%s", async (name, text) => {
  const thrown = await (async () => marked.cases[name]?.())().then(
    () => undefined,
    (error: unknown) => error,
  );
  const before = SOURCE.slice(0, SOURCE.indexOf(text)).split("\n");
  const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
  expect(placeOf(thrown, places)).toBe(`${join(folder, "app.ts")}:${line}:${column}`);
});

test.each([
  ["an expression", "JSON.parse('{');"],
  ["a constant's value", "const first = 1, value = JSON.parse('{');\nvoid [first, value];"],
  ["what a file exports", `${"export"} default JSON.parse("{");`],
  ["a property of nothing", "const name = (undefined as never as { name: string }).name;\nvoid name;"],
  ["a block in a block", "for (const each of [1, 2]) {\n  if (each > 1)\n    /**/ JSON.parse('{');\n}"],
  ["a throw", "if (Math.abs(-1) === 1)\n  /**/ throw new Error('thrown');"],
])("outside of functions: %s", async (_name, text) => {
  const path = join(folder, "top.ts");
  const source = `\n${text}\n${"export"} {};\n`;
  writeFileSync(path, source);
  const marks: string[] = [];
  const thrown = await loaded(path, marks).then(
    () => undefined,
    (error: unknown) => error,
  );
  const before = source.slice(0, Math.max(1, source.indexOf("/**/"))).split("\n");
  expect(placeOf(thrown, marks)).toMatch(new RegExp(`top\\.ts:${before.length}:\\d+$`));
});

test("in a release the stack begins with the statement, which the list of names has a place for; numbers do not depend on the order of files", async () => {
  const [app, other] = [join(folder, "app.ts"), join(folder, "other.ts")];
  writeFileSync(other, 'export const other = () => { throw new Error("elsewhere"); };\n');
  const { plugin, places: numbered } = releaseMarks([other, app, "src/device/line-in-stack.ts"]);
  expect(releaseMarks([app, other]).places).toEqual(numbered);
  const { outputFiles } = await build({
    ...{ stdin: { contents: `export * from ${JSON.stringify(app)};`, resolveDir: "." }, bundle: true, write: false },
    ...{ format: "cjs", target: "es2020", plugins: [plugin] },
  });
  const module = { exports: {} };
  new Function("module", "exports", outputFiles[0]?.text ?? "")(module, module.exports);
  const { cases } = module.exports as Marked;
  const stackOf = (name: string) => {
    try {
      cases[name]?.();
      return "";
    } catch (error) {
      return String((error as Error).stack);
    }
  };
  const names = withStatements(new Map(), numbered);
  for (const [name, text] of [
    ["block", 'throw new Error("in a block")'],
    ["method", 'throw new Error("no height")'],
    ["again", 'throw new Error("first")'],
  ] as const) {
    const [first = "", second = ""] = stackOf(name).split("\n");
    const line = SOURCE.slice(0, SOURCE.indexOf(text)).split("\n").length;
    expect(withWholeNames(first, names)).toMatch(new RegExp(`^    at ${app}:${line}:\\d+$`));
    expect(second).not.toMatch(/at :/);
  }
  // A list of another release says nothing wrong.
  expect(withWholeNames("    at :12", new Map())).toBe("    at :12");
});

test("marked code does what it did", () => {
  expect(marked.works()).toEqual([20, { name: "a", size: 4 }, [1, 2, 3], 4]);
});
