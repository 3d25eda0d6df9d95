// `npm test` runs every capability once; `npm run test:all` (`--all`) adds the exhaustive runs. Sets up what is missing first,
// and ends with the true counts. With names of files it runs those tests alone, without budgets.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { ROOT, setUp } from "./setup.mjs";
import { measureSpeedMs } from "./speed.mjs";
import { runStage } from "./stage.mjs";
import { installsPackages, provideSystemPackages } from "./system-packages.mjs";
import { provideTemporaryFolder } from "./temporary.mjs";

/** Disk space that a run of everything takes for its temporary files. */
const NEEDED_BYTES = 4e9;
const COUNTS = `${ROOT}/.cache/test-counts`;

const isAll = process.argv.includes("--all");
const files = process.argv.slice(2).filter((arg) => arg !== "--all");
const setUpStartedMs = performance.now();
setUp();
// Where this run ends early, no older run's counts stand for its own.
if (files.length === 0) rmSync(COUNTS, { force: true });
const freeBytes = provideTemporaryFolder();
if (files.length === 0 && freeBytes < NEEDED_BYTES) {
  const [free, needed] = [freeBytes, NEEDED_BYTES].map((bytes) => (bytes / 1e9).toFixed(1));
  console.error(
    `latchkey: the tests need ${needed} GB of disk for temporary files and ${dirname(tmpdir())} has ${free} left; ` +
      "free some, or name a folder with more in TMPDIR",
  );
  process.exit(1);
}
const node = (args, env = {}) =>
  spawnSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", 1, 2], env: { ...process.env, ...env } }).status;

if (files.length > 0) {
  process.exit(node(["node_modules/vitest/vitest.mjs", "run", ...files], { LATCHKEY_TIER: "all" }) ?? 1);
}

mkdirSync(`${ROOT}/.cache`, { recursive: true });
const { stages, referenceMs } = JSON.parse(readFileSync(`${ROOT}/test/stages.json`, "utf8"));
const lacking = provideSystemPackages();
let passed = 0;
let failed = 0;
let left = 0;
const second = [];
const hasToolchain = !lacking.some(({ isToolchain }) => isToolchain);
if (hasToolchain && node(["bin/run.mjs", "firmware/build/build-all.ts"]) !== 0) failed++;
console.log(`set-up took ${((performance.now() - setUpStartedMs) / 1000).toFixed(0)} s`);

const slowness = Math.max(1, measureSpeedMs() / referenceMs);
const env = {
  LATCHKEY_TIER: isAll ? "all" : "quick",
  LATCHKEY_LEFT_OUT: JSON.stringify(lacking.flatMap(({ tests }) => tests)),
};
const startedMs = performance.now();
for (const stage of stages) {
  if (stage.tier === "all" && !isAll) continue;
  const counts = await runStage(stage, slowness, env);
  passed += counts.passed;
  failed += counts.failed;
  left += counts.left;
  second.push(...counts.second);
}
console.log(`the stages took ${((performance.now() - startedMs) / 60_000).toFixed(1)} min`);

if (!isAll)
  console.log(`not run: ${left} tests and the files *.exhaustive.test.ts; \`npm run test:all\` runs them too`);
else if (left > 0) failed += left;
for (const { what, missing, tests } of lacking) {
  console.log(`not run: tests that need ${what} (${tests.join(", ")}), because ${missing.join(", ")} is not installed`);
}
if (lacking.length > 0) {
  const names = lacking.flatMap(({ missing }) => missing).join(" ");
  console.log(`to run them too: sudo apt-get install -y --no-install-recommends ${names}`);
  if (installsPackages()) failed++;
}
if (second.length > 0) {
  console.log(`failed once, and passed when run again alone: ${second.join(", ")}; what failed stands above`);
}
const line = `${passed} passed, ${failed} failed`;
writeFileSync(COUNTS, `${line}\n`);
console.log(line);
process.exitCode = failed === 0 ? 0 : 1;
