/** A guest's shell over a line: commands one after the other, each with what it said and its exit code. */
import type { Readable } from "node:stream";

const BOOT_MS = 600_000;
const SILENCE_MS = 300_000;

interface ShellLine {
  readonly output: Readable;
  /** Gives a command to the shell; the shell says "~end CODE" behind it. */
  send(command: string): void;
  /** Once a command has ended. */
  rest?(): void;
  readonly exited: Promise<void>;
  /** What the guest said elsewhere. */
  log(): string;
}

interface GuestShell {
  /** Waits until the shell says "~shell". */
  hearStart(): Promise<void>;
  /** Rejects when the exit code is not 0, with what was said, and when nothing is said for long. */
  run(command: string, silenceMs?: number): Promise<string>;
}

/** What a shell runs of a command. */
export const wrapped = (command: string): string => `{ ${command}\n} 2>&1 < /dev/null; echo "~end $?"\n`;

export function shellOver({ output, send, rest = () => {}, exited, log }: ShellLine): GuestShell {
  const fail = (what: string) => new Error(`${what}; the guest said: ${log().slice(-2000)}`);
  let said = "";
  let heard = () => {};
  output.on("data", (bytes) => {
    said += bytes.toString("utf8");
    heard();
  });
  /** Waits until the shell has said something that matches. */
  const hear = (pattern: RegExp, what: string, silenceMs: number) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      heard = () => {
        clearTimeout(timer);
        const found = pattern.exec(said);
        if (found !== null) return resolve(found);
        timer = setTimeout(() => reject(fail(`${what}: no word for ${silenceMs / 1000} s after: ${said}`)), silenceMs);
      };
      heard();
      void exited.then(() => reject(fail(`${what}: the guest ended`)));
    });
  return {
    async hearStart() {
      await hear(/~shell/, "boot", BOOT_MS);
      rest();
    },
    async run(command, silenceMs = SILENCE_MS) {
      said = "";
      send(command);
      const end = await hear(/~end (\d+)\r?\n/, command, silenceMs);
      rest();
      const words = said.slice(0, end.index);
      if (end[1] === "0") return words;
      throw fail(`${command}: exit ${end[1]}: ${words}`);
    },
  };
}
