/** Tells the story as it happens: a heading for each chapter, a line with its time for each step, a table at the end. */
import { CLEAR_LINE } from "./terminal.ts";

export interface Reporter {
  chapter(title: string): void;
  /** Runs one step; its line shows what came of it (the returned text, if any) and how long it took. */
  step<T>(name: string, work: () => Promise<T>, outcome?: (value: T) => string): Promise<T>;
  /** Remembers a row for the table at the end. */
  note(what: string, how: string): void;
  table(): void;
}

/** @param write Takes text as it comes; `isLive` lets a step show that it runs before it has ended. */
export function createReporter(write: (text: string) => void, isLive: boolean): Reporter {
  const startedAt = performance.now();
  const rows: (readonly [what: string, how: string])[] = [];
  const seconds = (fromMs: number) => `${((performance.now() - fromMs) / 1000).toFixed(2)} s`;
  return {
    chapter: (title) => write(`\n${title}\n`),
    async step(name, work, outcome = () => "") {
      const stepAt = performance.now();
      if (isLive) write(`  … ${name}`);
      const line = (mark: string, text: string) =>
        write(`${isLive ? CLEAR_LINE : ""}  ${mark} ${name.padEnd(34)} ${text.padEnd(44)} ${seconds(stepAt)}\n`);
      try {
        const value = await work();
        line("✓", outcome(value));
        return value;
      } catch (error) {
        line("✗", "");
        throw error;
      }
    },
    note: (what, how) => void rows.push([what, how]),
    table() {
      const width = Math.max(...rows.map(([what]) => what.length));
      write(
        `\n${rows.map(([what, how]) => `  ${what.padEnd(width)}  ${how}`).join("\n")}\n\n  in all ${seconds(startedAt)}\n`,
      );
    },
  };
}
