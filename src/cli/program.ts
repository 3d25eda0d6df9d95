/** Starts our own programs as child processes, and waits until each reports that it is ready. */
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { CliTrouble } from "./trouble.ts";

interface ReadyProgram {
  readonly child: Child;
  /** What it said in the one JSON line that it is ready by. */
  readonly ready: Readonly<Record<string, unknown>>;
}

/**
 * Starts a program and waits until it says that it is ready.
 * @param input A line for its standard input: what no argument should hold, since everybody on the machine sees those.
 * @throws CliTrouble with its words when it ends instead
 */
export async function startReady(path: string, args: readonly string[], input?: string): Promise<ReadyProgram> {
  const child = startProgram(path, args);
  if (input !== undefined) child.write(`${input}\n`);
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.onLine((line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line) as Record<string, unknown>);
    });
    void child.exited.then((code) => reject(new CliTrouble(lastWords(child) || `${path} ended (${code})`)));
  });
  return { child, ready };
}

function lastWords(child: Child): string {
  return child
    .errors()
    .trim()
    .replace(/^latchkey: /, "");
}

/** Ends this process, and by that what it started, on Ctrl-C and SIGTERM. */
export function endOnSignals(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
}
