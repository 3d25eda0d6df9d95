/**
 * Entries on their way to the store: lines of JSON in two files, of which one is written while the other's entries go into the store. A
 * line is with the kernel before an action is acknowledged, so the end of the process loses none.
 */
import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

interface Spool<Entry> {
  /** What an earlier process left, in its order. It stays until `turn` was called twice. */
  readonly left: readonly Entry[];
  /** @throws when the disk is full. */
  append(entry: Entry): void;
  /** From now on entries go into the other file, which must be empty. @returns What empties the file so far, once its entries are in the store. */
  turn(): () => void;
  /** Resolves once what was appended is on the disk, so that a power cut loses none of it. */
  sync(): Promise<void>;
  close(): void;
}

function readLines<Entry>(path: string): readonly (Entry & { readonly number: number })[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return JSON.parse(line);
      } catch {
        // Of a process or machine that ended while it wrote: nobody was told that this is done.
        return [];
      }
    });
}

/** @param folder Has the two files, NAME.0 and NAME.1, of mode 600. */
export function openSpool<Entry extends object>(folder: string, name: string): Spool<Entry> {
  const paths = [0, 1].map((number) => join(folder, `${name}.${number}`));
  const files = paths.map((path) => openSync(path, "a+", 0o600)) as [number, number];
  const left = paths.flatMap((path) => readLines<Entry>(path)).sort((a, b) => a.number - b.number);
  let active: 0 | 1 = 0;
  let number = (left.at(-1)?.number ?? 0) + 1;
  return {
    left: left.map(({ number: _, ...entry }) => entry as unknown as Entry),
    append: (entry) => void writeSync(files[active], `${JSON.stringify({ number: number++, ...entry })}\n`),
    turn() {
      const before = files[active];
      active = active === 0 ? 1 : 0;
      return () => ftruncateSync(before);
    },
    sync: () =>
      new Promise((resolve, reject) => {
        // A file that was closed meanwhile is written: nothing waits for it.
        fdatasync(files[active], (error) => (error && error.code !== "EBADF" ? reject(error) : resolve()));
      }),
    close: () => files.forEach(closeSync),
  };
}
