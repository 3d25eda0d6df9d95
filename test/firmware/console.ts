/** What an emulated unit says on its console. */
import type { Emulator } from "#boards/qemu-mps2/host/emulator.ts";
import { whileProgressing } from "../progress.ts";

/** Resolves with all that the unit has said, once that matches. Rejects with it when the unit falls silent before. */
export function saidUntil({ process }: Emulator, pattern: RegExp): Promise<string> {
  let said = "";
  return whileProgressing(
    (progress) =>
      new Promise((resolve) => {
        process.stdout?.on("data", (bytes) => {
          progress();
          said += bytes;
          if (pattern.test(said)) resolve(said);
        });
      }),
    () => `the console never said ${pattern}; it said: ${said.slice(-1500)}`,
  );
}
