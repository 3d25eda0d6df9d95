/**
 * Stops work on files at any one of its steps, as a power cut would: a step is a statement of the SQLite driver or a change
 * of a file through node:fs. What a finished step wrote stays, what comes after it never happens.
 */
import fs, { cpSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import Database from "libsql";

/** Thrown by the step that is interrupted. */
class Interruption extends Error {
  override name = "Interruption";
}

const FILE_CHANGES = ["writeFileSync", "renameSync", "rmSync", "writeSync", "copyFileSync", "appendFileSync"] as const;
/** Statements that read only are no steps: an interruption there leaves what the one before left. */
const READS = /^\s*(select|pragma\s+(quick_check|table_info|user_version\s*$))/i;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Does the work and interrupts it before step `step` (the first is 0).
 * @returns Whether it was interrupted; false: it has fewer steps, and was done whole.
 */
export async function interrupted(step: number, work: () => Promise<unknown> | unknown): Promise<boolean> {
  let steps = 0;
  let isOver = false;
  const count = () => {
    if (isOver || steps++ >= step) {
      isOver = true;
      throw new Interruption(`before step ${step}`);
    }
  };
  const undo: (() => void)[] = [];
  const replace = (target: object, name: string, make: (before: AnyFunction) => AnyFunction) => {
    const holder = target as Record<string, AnyFunction>;
    const before = holder[name] as AnyFunction;
    holder[name] = make(before);
    undo.push(() => {
      holder[name] = before;
    });
  };
  for (const name of FILE_CHANGES) {
    replace(
      fs,
      name,
      (before) =>
        function (...args) {
          count();
          return before.apply(this, args);
        },
    );
  }
  replace(
    Database.prototype,
    "exec",
    (before) =>
      function (...args) {
        count();
        return before.apply(this, args);
      },
  );
  replace(
    Database.prototype,
    "prepare",
    (before) =>
      function (...args) {
        if (!READS.test(String(args[0]))) count();
        return before.apply(this, args);
      },
  );
  syncBuiltinESMExports();
  try {
    await work();
    return isOver;
  } catch (error) {
    // The work may put what happened into words of its own.
    if (isOver) return true;
    throw error;
  } finally {
    for (const each of undo) each();
    syncBuiltinESMExports();
  }
}

/** Copies a store with all that lies beside it, as a disk would hold it after the process was killed. */
export function copyAfterKill(path: string, toFolder: string): void {
  cpSync(dirname(path), toFolder, { recursive: true });
}
