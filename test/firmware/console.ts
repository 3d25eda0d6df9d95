/** What an emulated unit says on its console. */
import type { ChildProcess } from "node:child_process";
import type { Emulator } from "#boards/qemu-mps2/host/emulator.ts";
import { whileProgressing } from "../progress.ts";

/** What a unit has said since it was first listened to, and where the next wait begins. */
interface Heard {
  said: string;
  next: number;
  readonly looks: Set<() => void>;
}

const heardOfUnits = new WeakMap<ChildProcess, Heard>();

function heardOf(process: ChildProcess): Heard {
  const known = heardOfUnits.get(process);
  if (known !== undefined) return known;
  const heard: Heard = { said: "", next: 0, looks: new Set() };
  process.stdout?.on("data", (bytes) => {
    heard.said += bytes;
    for (const look of heard.looks) look();
  });
  heardOfUnits.set(process, heard);
  return heard;
}

/**
 * Waits until the unit says this, behind what was waited for last: its words may come in pieces, or several at once.
 * @returns All that it has said from there. Rejects with it when the unit falls silent before.
 */
export function saidUntil({ process }: Emulator, pattern: RegExp): Promise<string> {
  const heard = heardOf(process);
  const start = heard.next;
  const saidSince = () => heard.said.slice(start);
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
