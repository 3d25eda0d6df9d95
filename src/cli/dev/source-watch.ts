/** Watches the files that something is built from. */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname, sep } from "node:path";

/** Editors write a file in several steps. */
const SETTLE_MS = 20;

interface SourceWatch {
  /** Watches these too. */
  follow(inputs: readonly string[]): void;
  /** Calls back after each change of one of them. */
  onChange(changed: (savedAtMs: number) => void): void;
  close(): void;
}

export function openSourceWatch(): SourceWatch {
  const watched = new Map<string, FSWatcher>();
  const names = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  let changed: (savedAtMs: number) => void = () => undefined;
  return {
    follow(inputs) {
      for (const input of inputs) {
        if (input.includes(`${sep}node_modules${sep}`) || !existsSync(input)) continue;
        const folder = dirname(input);
        const inFolder = names.get(folder) ?? new Set();
        names.set(folder, inFolder.add(basename(input)));
        if (watched.has(folder)) continue;
        // The folder, since an editor may put a new file in the place of the old one.
        const watcher = watch(folder, (_, name) => {
          if (name !== null && !names.get(folder)?.has(name)) return;
          const savedAtMs = performance.now();
          clearTimeout(timer);
          timer = setTimeout(() => changed(savedAtMs), SETTLE_MS);
        });
        watcher.on("error", () => undefined);
        watched.set(folder, watcher);
      }
    },
    onChange(see) {
      changed = see;
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watched.values()) watcher.close();
    },
  };
}
