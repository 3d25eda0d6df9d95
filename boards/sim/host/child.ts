/** Runs programs of this repository as child processes, ends them by their process ID and leaves none behind. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { pathToFileURL } from "node:url";
import { builtPath } from "./programs.ts";

export interface Child {
  readonly pid: number;
  /** Calls back for each whole line of standard output from now on. */
  onLine(see: (line: string) => void): void;
  /** Calls back for each JSON line of standard error; other lines there are kept for `errors`. */
  onNotice(see: (notice: Readonly<Record<string, unknown>>) => void): void;
  write(text: string): void;
  /** Sends a message to a program that was started with a channel, and calls back for those that come from it. */
  send(message: object): void;
  onMessage(see: (message: unknown) => void): void;
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  /** What it complained about so far. */
  errors(): string;
  /** Asks it to end and, after two seconds, makes it. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Ends every program that was started here, at once. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

// Nothing outlives this process. When it is killed, programs see that by themselves (ends-with-parent.ts).
process.once("exit", endAll);

/** Cuts a stream into lines; a chunk may end within a character. */
function lines(see: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return (chunk) => {
    const parts = (rest + decoder.write(chunk)).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) see(part);
  };
}

/**
 * Starts a program of bin/programs.json. It ends when this process does, however this one ends.
 * @param hasChannel Whether messages go to it beside its streams.
 */
export function startProgram(path: string, args: readonly string[], hasChannel = false): Child {
  const endsWithParent = pathToFileURL(builtPath("boards/sim/host/ends-with-parent.ts")).href;
  const words = ["--enable-source-maps", "--import", endsWithParent, builtPath(path), ...args];
  return startChild(process.execPath, words, hasChannel);
}

/** Starts any program, its three standard streams connected. */
export function startChild(command: string, args: readonly string[], hasChannel = false): Child {
  const streams = ["pipe", "pipe", "pipe"] as const;
  const child = spawn(command, args, {
    stdio: hasChannel ? [...streams, "ipc"] : [...streams],
  }) as ChildProcessWithoutNullStreams;
  running.add(child);
  const lineSeers: ((line: string) => void)[] = [];
  const noticeSeers: ((notice: Record<string, unknown>) => void)[] = [];
  let errors = "";
  child.stdout.on(
    "data",
    lines((line) => {
      for (const see of lineSeers) see(line);
    }),
  );
  child.stderr.on(
    "data",
    lines((line) => {
      const notice = line.startsWith("{") ? parse(line) : undefined;
      if (notice === undefined) errors += `${line}\n`;
      else for (const see of noticeSeers) see(notice);
    }),
  );
  child.stdin.on("error", () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? -1,
    onLine: (see) => void lineSeers.push(see),
    onNotice: (see) => void noticeSeers.push(see),
    write: (text) => void child.stdin.write(text),
    send: (message) => void (child.connected && child.send(message, () => undefined)),
    onMessage: (see) => void child.on("message", see),
    exited,
    errors: () => errors,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
      await exited;
      clearTimeout(timer);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
