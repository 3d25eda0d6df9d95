/** Locks a file against changes by other processes. A lock file beside it names the process that holds the lock. */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { writeWhole } from "#trust/host/files.ts";

/** The lock could not be had. One line that says what to do. */
class LockError extends Error {
  override name = "LockError";
}

/** The work under a lock takes milliseconds, so a process that holds the lock for this long is taken to be stuck. */
const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** Blocks this thread: memory is read and written synchronously, so nothing else here could go on either. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const SELF = `${process.pid} ${threadId}`;

/** Creates a file that is not there yet and names us, both at once. @returns false when it is there. */
function createOnce(path: string): boolean {
  const fresh = `${path}.${SELF.replace(" ", "-")}`;
  writeWhole(fresh, SELF, 0o600);
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // A file system without hard links: whoever looks at the very moment may find an empty file, which is nobody's yet.
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS") return createExclusively(path);
    throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}

function createExclusively(path: string): boolean {
  try {
    writeFileSync(path, SELF, { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The process that a lock file names; empty when the file is not there, or was created this very moment. */
function readHolder(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Work under a lock never asks for it again, so that a lock in our own name was left by work that was interrupted. */
const isAbandoned = (holder: string): boolean =>
  holder !== "" && (holder === SELF || !isRunning(Number(holder.split(" ")[0])));

/** Takes away the lock of a process that ended without doing so. Only one process at a time may, or it could take a fresh one. */
function removeAbandoned(path: string): void {
  const steal = `${path}.steal`;
  if (!createOnce(steal)) return;
  try {
    if (isAbandoned(readHolder(path))) rmSync(path, { force: true });
  } finally {
    rmSync(steal, { force: true });
  }
}

/**
 * Runs work while this process alone holds the lock of a file.
 * @throws LockError when another process holds it for 10 s.
 */
export function withFileLock<T>(path: string, work: () => T): T {
  const lock = `${path}.lock`;
  const endMs = Date.now() + WAIT_MS;
  while (!createOnce(lock)) {
    const holder = readHolder(lock);
    if (Date.now() > endMs) {
      throw new LockError(
        `${path} cannot be changed: process ${holder || "unknown"} has held ${lock} for ten seconds. End that process, or delete ${lock} and ${lock}.steal if no latchkey runs`,
      );
    }
    if (isAbandoned(holder)) removeAbandoned(lock);
    sleep(LOOK_EVERY_MS);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}
