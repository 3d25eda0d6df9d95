/** Sends a unit's label and card to the maker's printer, and deletes the card's file once it is printed. */

import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { CliTrouble } from "#cli/trouble.ts";
import type { MadeUnit } from "#factory/line.ts";

/**
 * @param program A program, with its arguments: it gets the PDF's path behind them and ends with 0 once it is printed.
 * @throws CliTrouble when it doesn't; the PDF is still there then.
 */
export async function printUnit(program: string, { pdf, cardPng }: Pick<MadeUnit, "pdf" | "cardPng">): Promise<void> {
  const [command = "", ...words] = program.split(" ").filter((word) => word !== "");
  const code = await new Promise<number | string | null>((resolve) => {
    const printing = spawn(command, [...words, pdf], { stdio: ["ignore", "ignore", "inherit"] });
    printing.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    printing.once("close", resolve);
  });
  if (code !== 0) {
    throw new CliTrouble(
      `${command} did not print (${code}); the unit is made, print ${pdf} by hand and remove it then`,
    );
  }
  rmSync(pdf);
  rmSync(cardPng);
}
