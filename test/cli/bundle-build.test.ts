/** `bundle build` and what takes its bundles: only what will run is built, signed and put on a line. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { readBundleMark } from "#factory/bundle/bundle-mark.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const shipped = JSON.parse(readFileSync("flash.config.json", "utf8"));
const HEAD = 'import { defineDevice, int } from "latchkey/device";\n';

function configOf(app: string, more: object = {}): string {
  writeFileSync(at("flash.config.json"), JSON.stringify({ ...shipped, cloud: undefined, app, keys: "keys", ...more }));
  return at("flash.config.json");
}
const build = (app: string, ...words: string[]) =>
  runVerb("bundle", "build", "--config", configOf(app), "--release", "1", "--out", at("bundle.js"), ...words);

beforeAll(async () => {
  copyFileSync("test/apps/lamp.ts", at("lamp.ts"));
  writeFileSync(at("lamp.ts"), readFileSync(at("lamp.ts"), "utf8").replaceAll('from "./', 'from "#app/'));
});

it.each([
  [
    "throws when it is loaded",
    "const lamps: number[][] = [];\nexport const first = lamps[7]!.length;\n",
    /bad\.ts:3:\d+: the app does not start: TypeError: /,
  ],
  ["throws at its start", "", /bad\.ts:3:\d+: the app does not start: Error: no light$/],
  ["has a name that no scope can say", "", /bad\.ts: "set lamp" cannot name a function, variable or event/],
  ["has one name twice", "", /bad\.ts: "lamp" is defined twice/],
  [
    "raises an event that it never named",
    "",
    /the app does not start: Error: no event is called gone: add it to events$/,
  ],
  ["throws in an async start", "", /bad\.ts:3:\d+: the app does not start: Error: not yet/],
  [
    "keeps more values than there is memory for",
    "",
    /bad\.ts:4:\d+: history of b: 1200 values of all variables together \(expected at most 1024\)$/,
  ],
  [
    "keeps values ten times a second",
    "",
    /bad\.ts:3:\d+: history of v: an interval of 100 \(expected milliseconds, whole/,
  ],
  [
    "keeps texts",
    "",
    /bad\.ts:3:\d+: history of v: choice \(expected a variable of bool\(\), int\(\) or number\(\)\)$/,
  ],
  ["has more names than a phone reads", "", /bad\.ts: its names take \d+ bytes \(a phone reads 1200\)/],
])("an app that %s is refused, and nothing is written", async (what, before, line) => {
  const last: Readonly<Record<string, string>> = {
    "throws at its start": 'functions: {}, start() {\n  throw new Error("no light"); }',
    "has a name that no scope can say": 'functions: { "set lamp": { right: "call", args: {}, run: () => 1 } }',
    "has one name twice": 'functions: { lamp: { right: "call", args: {}, run: () => 1 } }, events: { lamp: {} }',
    "raises an event that it never named": 'functions: {}, start: (io) => io.raise("gone")',
    "throws in an async start": 'functions: {}, async start() {\n  await 1; throw new Error("not yet"); }',
    "keeps more values than there is memory for": `variables: {\n${["a", "b"].map((name) => `${name}: { right: "read", value: int(0, 1), history: { count: 600, interval: 1_000 }, read: () => 1 }`).join(",\n")} }`,
    "keeps values ten times a second":
      'variables: {\nv: { right: "read", value: int(0, 1), history: { count: 6, interval: 100 }, read: () => 1 } }',
    "keeps texts":
      'variables: {\nv: { right: "read", value: { type: "choice", choices: ["a"] }, history: { count: 6, interval: 1_000 }, read: () => "a" } }',
    "has more names than a phone reads":
      'functions: {}, events: Object.fromEntries(Array.from({ length: 40 }, (_, i) => ["x".repeat(50) + i, {}]))',
  };
  writeFileSync(
    at("bad.ts"),
    `${HEAD}${before}export const app = defineDevice({ ${last[what] ?? "functions: {}"} });\n`,
  );
  const { status, out, trouble } = await build("bad.ts");
  expect(trouble).toMatch(line);
  expect([status, out, trouble.split("\n").length]).toEqual([1, "", 1]);
  expect(existsSync(at("bundle.js"))).toBe(false);
});

it("a bundle beyond the board's budget is refused, with what makes it large", async () => {
  const table = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 100_003).join();
  writeFileSync(
    at("large.ts"),
    `${HEAD}const table = [${table}];\nexport const app = defineDevice({ functions: {}, variables: { v: { right: "read", value: int(0, 1e6), read: () => table[3] ?? 0 } } });\n`,
  );
  const { status, trouble } = await build("large.ts");
  const { bundleBytes } = readBoard("sim").budgets;
  expect(trouble).toMatch(
    new RegExp(`the bundle takes \\d+ bytes \\(board sim allows ${bundleBytes}\\); its largest parts.*large\\.ts \\d+`),
  );
  expect([status, existsSync(at("bundle.js"))]).toEqual([1, false]);
});

it("from an app outside the repository to a release; sources and bundles of another release are refused", async () => {
  expect(await build("lamp.ts")).toMatchObject({ status: 0, trouble: "" });
  expect(readBundleMark(readFileSync(at("bundle.js")))).toEqual({
    release: "1",
    board: "sim",
    onboarding: ["esptouch-v2"],
  });
  const release = (js: string, sequence: number) =>
    runVerb(
      "release",
      "build",
      "--product",
      "lamp",
      "--sequence",
      `${sequence}`,
      "--js",
      js,
      "--out",
      at("lamp.release"),
    );
  expect((await release(at("lamp.ts"), 1)).trouble).toMatch(
    /lamp\.ts is no bundle \(expected what bundle build writes/,
  );
  expect((await release(at("bundle.js"), 2)).trouble).toMatch(
    /says that it is release 1, and the release is 2; build it again/,
  );
  expect(existsSync(at("lamp.release"))).toBe(false);
  expect(await release(at("bundle.js"), 1)).toMatchObject({ status: 0, trouble: "" });
});

it("a line refuses a release whose bundle lacks what its units will be told to use, and one for another board", async () => {
  expect((await runVerb("keys", "new", "--product", "lamp", "--keys", at("keys"))).status).toBe(0);
  expect((await runVerb("release", "sign", at("lamp.release"), "--key", at("keys/release.key"))).status).toBe(0);
  const make = (more: object) => runVerb("factory", "make", at("lamp.release"), "--config", configOf("lamp.ts", more));
  const lacking = await make({ onboarding: { legacy: ["esptouch-v2", "airkiss"], softAp: true } });
  expect(lacking.trouble).toMatch(
    /was built without airkiss, soft-ap, which flash\.config\.json switches on under onboarding/,
  );
  expect((await make({ board: "qemu-mps2" })).trouble).toMatch(
    /holds a bundle for board sim, this line makes qemu-mps2$/,
  );
  expect(existsSync(at("out/registry.db"))).toBe(false);
});
