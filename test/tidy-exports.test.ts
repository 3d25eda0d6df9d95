/** What is exported is imported somewhere, and what ships imports no package that only tests need. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unusedExports } from "./tidy/exports.ts";

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
  .filter((path) => /\.(ts|mjs)$/.test(path) && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }));

/** Loaded by a path that is put together, read in place of another file, or written for makers. */
const ENTRIES: readonly RegExp[] = [
  /^boards\/[^/]+\/(main|host\/verifier)\.ts$/,
  /^src\/app\//,
  /^src\/base\/faults-on-unit\.ts$/,
];

test("what a file exports, another one imports", () => {
  expect(unusedExports(files, (path) => ENTRIES.some((entry) => entry.test(path)))).toEqual([]);
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
