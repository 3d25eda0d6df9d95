/**
 * Finds cards that a line left on the station's disk when it was killed. Each is a secret: it may be the key to a
 * unit.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const DRAFT = /^([0-9a-f]{24})\.new(?:-(\d+))?$/;
const UNIT = /^[0-9a-f]{24}$/;
const SHEETS = ["label.png", "card.png", "print.pdf"];

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Removes the drafts of lines that no longer run, and the sheets of units that never came into the registry: a line
 * writes a unit there last, so such a unit was not finished and is flashed again.
 * @param units The folder `units` of the line's output.
 * @returns What was removed, by path.
 */
export function removeLeftCards(units: string, isRegistered: (id: string) => boolean): readonly string[] {
  if (!existsSync(units)) return [];
  const removed: string[] = [];
  const remove = (path: string) => {
    if (!existsSync(path)) return;
    rmSync(path, { recursive: true });
    removed.push(path);
  };
  for (const entry of readdirSync(units)) {
    const [, , writer] = DRAFT.exec(entry) ?? [];
    if (DRAFT.test(entry) && (writer === undefined || !isRunning(Number(writer)))) remove(join(units, entry));
    if (UNIT.test(entry) && !isRegistered(entry)) for (const sheet of SHEETS) remove(join(units, entry, sheet));
  }
  return removed;
}
