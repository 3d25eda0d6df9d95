/**
 * Entries of the journal on their way to the store: lines of JSON in two files, of which one is written while the other's entries go into
 * the store. A line is with the kernel before an action is acknowledged, so the end of the process loses none.
 */
import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** An entry with its place in the chain. */
export interface SpooledEntry {
  readonly at_ms: number;
  readonly who: string;
  readonly what: string;
  readonly device: string;
  readonly outcome: string;
  readonly hash: string;
}

interface JournalSpool {
  /** What an earlier process left, in its order. It stays until `turn` was called twice. */
  readonly left: readonly SpooledEntry[];
  /** @throws when the disk is full. */
  append(entry: SpooledEntry): void;
  /** From now on entries go into the other file, which must be empty. @returns What empties the file so far, once its entries are in the store. */
  turn(): () => void;
  /** Brings what was appended to the disk, without waiting for it. */
  sync(onFatal: (error: unknown) => void): void;
  close(): void;
}

function readLines(path: string): readonly (SpooledEntry & { readonly number: number })[] {
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

/** @param folder Has the two files, of mode 600. */
export function openJournalSpool(folder: string): JournalSpool {
  const paths = ["journal.0", "journal.1"].map((name) => join(folder, name));
  const files = paths.map((path) => openSync(path, "a+", 0o600)) as [number, number];
  const left = paths.flatMap(readLines).sort((a, b) => a.number - b.number);
  let active: 0 | 1 = 0;
  let number = (left.at(-1)?.number ?? 0) + 1;
  return {
    left: left.map(({ number: _, ...entry }) => entry),
    append: (entry) => void writeSync(files[active], `${JSON.stringify({ number: number++, ...entry })}\n`),
    turn() {
      const before = files[active];
      active = active === 0 ? 1 : 0;
      return () => ftruncateSync(before);
    },
    sync: (onFatal) => fdatasync(files[active], (error) => error && error.code !== "EBADF" && onFatal(error)),
    close: () => files.forEach(closeSync),
  };
}
