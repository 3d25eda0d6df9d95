/** The runner of the tests itself: nothing falls between the stages, and a group that could not start is no success. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StageCounts, StageMessage } from "./stage-reporter.ts";
import { STAGES } from "./stages.ts";

test("every test file belongs to one stage", () => {
  const files = readdirSync("test", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts"));
  expect(files.length).toBeGreaterThan(100);
  const folders = STAGES.flatMap(({ folders = [] }) => folders);
  expect(new Set(folders).size).toBe(folders.length);
  const homeless = files.filter((name) => !folders.includes(name.includes("/") ? (name.split("/")[0] ?? "") : ""));
  expect(homeless).toEqual([]);
});

/** Runs a test file of this text as the runner does. */
function countsOf(text: string): Promise<StageCounts> {
  const folder = mkdtempSync(join(process.cwd(), ".cache/planted-"));
  const reporter = join(process.cwd(), "test/stage-reporter.ts");
  writeFileSync(join(folder, "planted.test.ts"), text);
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import { StageReporter } from ${JSON.stringify(reporter)}; export default { test: { reporters: [new StageReporter()] } };`,
  );
  const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--root", folder], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  return new Promise<StageCounts>((resolve, reject) => {
    child.on("message", (message: StageMessage) => "counts" in message && resolve(message.counts));
    child.on("close", (code) => reject(new Error(`no counts; exit code ${code}`)));
  }).finally(() => rmSync(folder, { recursive: true }));
}

test("a group whose set-up fails counts as failed, a test that is left out does not", async () => {
  const counts = await countsOf(`
import { beforeAll, describe, test } from "vitest";
test("works", () => {}); test.skip("is left out", () => {});
describe("a group", () => {
  beforeAll(() => { throw new Error("no emulator"); });
  test("one", () => {});
  test("another", () => {});
});`);
  expect(counts).toEqual({ passed: 1, failed: 2, left: 1 });
});

test("a file that can't be loaded counts as failed", async () => {
  expect(await countsOf(`import "./missing.ts";`)).toEqual({ passed: 0, failed: 1, left: 0 });
});

/** Runs these test files as a stage of their own. */
function stageOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  const folder = mkdtempSync(join(process.cwd(), ".cache/planted-"));
  const reporter = join(process.cwd(), "test/stage-reporter.ts");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import { StageReporter } from ${JSON.stringify(reporter)}; export default { test: { name: "planted", reporters: [new StageReporter()] } };`,
  );
  const stage = JSON.stringify({ name: "planted", options: ["--root", folder], budgetS: 1_000 });
  const program = `const { runStage } = await import("./bin/stage.mjs"); process.send(await runStage(${stage}, 10, {}));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    child.on("message", resolve);
    child.on("close", (code) => reject(new Error(`no counts; exit code ${code}`)));
  }).finally(() => rmSync(folder, { recursive: true }));
}

/** A test that fails, but for the times after the first where it is `mends`. */
const failing = (mends: boolean) => `
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
const mark = import.meta.filename + ".tried";
const isAgain = existsSync(mark);
writeFileSync(mark, "");
test("works", () => {});
test("is slow at first", () => expect(${mends} && isAgain).toBe(true));`;

test("a file that fails is run once more, and named", async () => {
  const counts = await stageOf({ "once.test.ts": failing(true) });
  expect(counts).toMatchObject({ passed: 2, failed: 0, second: [expect.stringMatching(/once\.test\.ts$/)] });
});

test("a file that fails twice has failed", async () => {
  const counts = await stageOf({ "always.test.ts": failing(false) });
  expect(counts).toMatchObject({ passed: 1, failed: 1, second: [] });
});

test("where three files fail, none is tried again", async () => {
  const counts = await stageOf({
    "a.test.ts": failing(true),
    "b.test.ts": failing(false),
    "c.test.ts": failing(false),
  });
  expect(counts).toEqual({ passed: 3, failed: 3, left: 0, second: [] });
});
