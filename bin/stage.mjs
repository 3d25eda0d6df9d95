// Runs one stage of the tests: watches its progress, counts its processor time, and holds that against its budget.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ROOT } from "./setup.mjs";

/** A stage that shows no progress for so long hangs. */
const SILENCE_MS = 35 * 60_000;
/** A stage may take this many times its budget. */
const TOLERANCE = 2;
/** Files that fail are tried once more, alone, where there are at most so many (ADR 0182). */
const TRIED_AGAIN_MAX = 2;

/** Processor seconds of all child processes that have ended so far; undefined where the system does not tell. */
function childSeconds() {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return undefined;
  }
}

function killGroup(child) {
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * @returns Exit code, the counts of each file that the reporter told, what was under way at last (files and tests), the
 *          files that have not ended, and whether the program was ended for showing no progress.
 */
function run(args, env) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: true,
  });
  const end = () => killGroup(child);
  // First of all: what they write is removed then.
  process.prependOnceListener("exit", end);
  return new Promise((resolve) => {
    const files = new Map();
    let planned = [];
    let running = [];
    let isStuck = false;
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        isStuck = true;
        killGroup(child);
      }, SILENCE_MS);
    };
    watch();
    child.on("message", (message) => {
      watch();
      if (message.planned) planned = message.planned;
      if (message.running) running = message.running;
      if (message.file) files.set(message.file, message.counts);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve({ code, files, isStuck, running, unfinished: planned.filter((file) => !files.has(file)) });
    });
  });
}

/**
 * Runs the files that failed once more, one after another with nothing beside them.
 * @returns The same as `run`, with the counts of those that passed now, and their names.
 */
async function tryAgain(first, args, env) {
  const failing = [...first.files].filter(([, { failed }]) => failed > 0).map(([file]) => file);
  if (first.isStuck || first.unfinished.length > 0 || failing.length === 0 || failing.length > TRIED_AGAIN_MAX) {
    return { ...first, second: [] };
  }
  console.log(`once more, alone: ${failing.join(", ")}`);
  const again = await run([...args, "--no-file-parallelism", ...failing], env);
  const second = failing.filter((file) => again.files.get(file)?.failed === 0);
  const files = new Map([...first.files, ...second.map((file) => [file, again.files.get(file)])]);
  return { ...first, files, second, code: second.length === failing.length ? again.code : first.code };
}

/**
 * Runs a stage of test/stages.json; `options` are further arguments of vitest.
 * @param slowness How many times slower than the reference machine this one is; budgets grow with it.
 * @param env      LATCHKEY_TIER and LATCHKEY_LEFT_OUT for the tests.
 * @returns Counts of passed and failed tests, and of tests that the tier leaves out; files that passed at their second try alone.
 */
export async function runStage({ name, command, options = [], budgetS }, slowness, env) {
  const [program, ...rest] = command ?? ["vitest/vitest.mjs", "run", "--project", name, ...options];
  const args = [`node_modules/${program}`, ...rest];
  const isCheck = command !== undefined;
  const [startedMs, before] = [performance.now(), childSeconds()];
  const first = await run(args, env);
  const { code, files, isStuck, running, unfinished, second } = isCheck
    ? { ...first, second: [] }
    : await tryAgain(first, args, env);
  const wallS = (performance.now() - startedMs) / 1000;
  const after = childSeconds();
  const tookS = before === undefined || after === undefined ? wallS : after - before;
  const allowedS = TOLERANCE * budgetS * slowness;
  const isOver = tookS > allowedS;
  const sum = (kind) => [...files.values()].reduce((total, counts) => total + counts[kind], 0);
  let failed = isCheck ? Number(code !== 0) : sum("failed");
  const [passed, left] = isCheck ? [1 - failed, 0] : [sum("passed"), sum("left")];
  const faults = [];
  if (isStuck) faults.push(`no progress for ${SILENCE_MS / 60_000} min; under way: ${running.join(", ") || "nothing"}`);
  if (unfinished.length > 0) faults.push(`without a result: ${unfinished.join(", ")}`);
  if (isOver) faults.push(`over its budget: at most ${allowedS.toFixed(0)} s of processor time are allowed`);
  if (code !== 0 && failed === 0 && faults.length === 0) faults.push(`its program ended with exit code ${code}`);
  failed += faults.length;
  const verdict = failed === 0 ? "ok    " : "FAILED";
  const times = `${wallS.toFixed(1)} s, processor ${tookS.toFixed(1)} s of a budget of ${(budgetS * slowness).toFixed(0)} s`;
  console.log(`${verdict} stage ${name}: ${passed} passed, ${failed} failed (${times})`);
  for (const fault of faults) console.log(`       stage ${name}: ${fault}`);
  return { passed, failed, left, second };
}
