// `npm test`: sets up what is missing, checks types and style, runs every test, and ends with the true counts.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ROOT, setUp } from "./setup.mjs";
import { provideSystemPackages } from "./system-packages.mjs";

setUp();
const REPORT = `${ROOT}/.cache/test-report.json`;
const COUNTS = `${ROOT}/.cache/test-counts`;
const only = process.argv.slice(2);
mkdirSync(`${ROOT}/.cache`, { recursive: true });
for (const file of [REPORT, COUNTS]) rmSync(file, { force: true });

const lacking = only.length > 0 ? [] : provideSystemPackages();
let passed = 0;
let failed = 0;

/** Runs one check as a whole; it counts as one test. */
function check(what, command, ...args) {
  const startedAt = Date.now();
  const { status } = spawnSync("npx", ["--no-install", command, ...args], { cwd: ROOT, stdio: ["ignore", 1, 2] });
  if (status === 0) passed++;
  else failed++;
  console.log(`${status === 0 ? "ok" : "FAILED"}  ${what} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}

if (only.length === 0) {
  check("types", "tsc", "-b");
  check("style", "biome", "check", "--error-on-warnings");
}
const vitest = spawnSync(
  "npx",
  [
    "--no-install",
    "vitest",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${REPORT}`,
    ...lacking.flatMap((group) => group.tests.flatMap((pattern) => ["--exclude", pattern])),
    ...only,
  ],
  { cwd: ROOT, stdio: ["ignore", 1, 2] },
);
try {
  const report = JSON.parse(readFileSync(REPORT, "utf8"));
  passed += report.numPassedTests;
  // A file that can't even be loaded holds no counted test, but fails all the same.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  failed += report.numFailedTests + brokenFiles.length;
} catch {
  failed++;
}
if (vitest.status !== 0 && failed === 0) failed++;

for (const group of lacking) console.log(`not run: tests that need ${group.what} (${group.missing.join(", ")})`);
if (lacking.length > 0) {
  console.log(`to run them too: sudo apt-get install -y ${lacking.flatMap((group) => group.missing).join(" ")}`);
}
const line = `${passed} passed, ${failed} failed`;
writeFileSync(COUNTS, `${line}\n`);
console.log(line);
process.exitCode = failed === 0 && lacking.length === 0 ? 0 : 1;
