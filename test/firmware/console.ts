/** What an emulated unit says on its console. */
import type { ChildProcess } from "node:child_process";
import type { Emulator } from "#boards/qemu-mps2/host/emulator.ts";
import { whileProgressing } from "../progress.ts";
import { hearing } from "./heard.ts";

const heardOf = hearing((process: ChildProcess, hear: (text: string) => void) => {
  process.stdout?.on("data", (bytes: Buffer) => hear(String(bytes)));
});

/**
 * Waits until the unit says this, behind what was waited for last: its words may come in pieces, or several at once.
 * @returns All that it has said from there. Rejects with it when the unit falls silent before.
 */
export function saidUntil({ process }: Emulator, pattern: RegExp): Promise<string> {
  const heard = heardOf(process);
  const start = heard.next;
  const saidSince = () => heard.items.join("").slice(start);
  return whileProgressing(
    (progress) =>
      new Promise((resolve) => {
        const look = () => {
          progress();
          const found = pattern.exec(saidSince());
          if (found === null) return;
          heard.looks.delete(look);
          heard.next = start + found.index + found[0].length;
          resolve(saidSince());
        };
        heard.looks.add(look);
        look();
      }),
    () => `the console never said ${pattern}; it said: ${saidSince().slice(-1500)}`,
  );
}
