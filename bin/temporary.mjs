// One folder for all temporary files of a run of the tests: what an interrupted test leaves behind goes with it.
import { chmodSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = /^latchkey-run-(\d+)$/;
/** A run elsewhere that shares this folder may have a process ID that means nothing here; its tests change the folder all the time. */
const ABANDONED_MS = 3_600_000;

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function remove(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Another user's, or a program of a test still writes there; a later run tries again.
  }
}

/** Removes the folders of runs that were killed. */
function removeAbandoned(parent) {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const folder = join(parent, name);
    const changedMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (changedMs !== undefined && Date.now() - changedMs > ABANDONED_MS) remove(folder);
  }
}

/**
 * Makes the folder, names it to all child processes in TMPDIR, TEMP and TMP, and removes it when this process exits.
 * @returns The space that is free there, in bytes.
 */
export function provideTemporaryFolder() {
  const parent = tmpdir();
  removeAbandoned(parent);
  const folder = join(parent, `latchkey-run-${process.pid}`);
  mkdirSync(folder);
  // As /tmp: tests start some programs as other users.
  chmodSync(folder, 0o1777);
  for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = folder;
  process.once("exit", () => remove(folder));
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ]) {
    process.once(signal, () => process.exit(128 + number));
  }
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
