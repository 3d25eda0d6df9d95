/** What is exported is imported somewhere, and what ships imports no package that only tests need. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { testOnlyExports, unusedExports } from "./tidy/exports.ts";

const files = execFileSync("git", [
  "ls-files",
  "-co",
  "--exclude-standard",
  "src",
  "boards",
  "firmware",
  "test",
  "bin",
  "vitest.config.ts",
])
  .toString()
  .split("\n")
  .filter((path) => /\.(tsx?|mjs)$/.test(path) && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }));

/** Loaded by a path that is put together, read in place of another file, or written for makers. */
const ENTRIES: readonly RegExp[] = [
  /^boards\/[^/]+\/(main|host\/verifier)\.ts$/,
  /^src\/app\//,
  /^src\/testing\/index\.ts$/,
  // Bundled by their paths.
  /^test\/apps\/[a-z-]+-app\.ts$/,
  // What makers import of the package (src/cli/package/contents.ts).
  /^src\/(phone\/(browser|node|phone-api)|cloud\/cloud-api)\.ts$/,
  /^src\/base\/faults-on-unit\.ts$/,
  // Imported by a maker's sources once their statements are marked (src/factory/bundle/statement-marks.ts).
  /^src\/device\/line-in-stack\.ts$/,
];

test("what a file exports, another one imports", () => {
  expect(unusedExports(files, (path) => ENTRIES.some((entry) => entry.test(path)))).toEqual([]);
});

/** In src although no verb, device or service calls them. */
const KEPT: readonly RegExp[] = [
  ...ENTRIES,
  // A bundle's entry names these in its text (src/factory/bundle/bundle.ts).
  /^src\/device\/onboarding\/legacy-protocols\.ts$/,
  // What web pages build a phone of (ADR 0037).
  /^src\/phone\/transports\/fetch\.ts$/,
  /^src\/trust\/host\/browser-primitives\.ts$/,
  // A table for people, which the type checker keeps whole (ADR 0101).
  /^src\/device\/store\/meanings\.ts$/,
  // Components and the build, for every page.
  /^src\/web\/(ui|host)\//,
  // Parsers of values, a module for each kind.
  /^src\/cli\/values\//,
  // One decision in one call, and the decoder's memory, beside the code that they are made of.
  /^src\/trust\/grants\/verify-grant\.ts$/,
  /^src\/wire\/stream\/stream-decoder\.ts$/,
];

test("what only tests use is not in src", () => {
  expect(testOnlyExports(files, (path) => KEPT.some((kept) => kept.test(path)))).toEqual([]);
});

test("an export that only a test uses is found, and one that its own file uses is not", () => {
  const source = {
    path: "src/base/a.ts",
    text: "export const one = 1;\nexport const two = 2;\nconst sum = two + two;\n",
  };
  const user = { path: "test/base/a.test.ts", text: 'import { one, two } from "#base/a.ts";\n' };
  expect(testOnlyExports([source, user], () => false)).toEqual(["src/base/a.ts one"]);
});

test("an export that nothing imports is found, and one that is imported in any form is not", () => {
  const found = unusedExports(
    [
      { path: "src/base/a.ts", text: "export const one = 1;\nexport interface Two {}\nexport function three() {}\n" },
      { path: "src/base/b.ts", text: "export const four = 4;\n" },
      { path: "src/cli/c.ts", text: 'import { one as first, type Two } from "#base/a.ts";\nimport("../base/b.ts");\n' },
      { path: "boards/sim/main.ts", text: "export function start() {}\n" },
    ],
    (path) => path.startsWith("boards/"),
  );
  expect(found).toEqual(["src/base/a.ts three"]);
});

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;
const shipped = files.filter(
  ({ path }) => /^(src|boards|firmware|bin)\//.test(path) && !/^bin\/(test|stage)/.test(path),
);
const users = (name: string) => shipped.filter(({ text }) => new RegExp(`["'/]${name}["'/]`).test(text));

test("packages that only tests need are development dependencies, and no others", () => {
  expect(Object.keys(manifest.dependencies).filter((name) => users(name).length === 0)).toEqual([]);
  const imports = (name: string) => shipped.filter(({ text }) => new RegExp(`from ["']${name}["'/]`).test(text));
  const wrong = Object.keys(manifest.devDependencies).flatMap((name) => imports(name).map(({ path }) => [name, path]));
  expect(wrong).toEqual([]);
});
