/** The output folder of a made unit: `units/ID` below the line's output. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FlashConfig } from "#factory/config.ts";

type Output = Pick<FlashConfig, "output">;

const folderOf = ({ output }: Output, id: string): string => join(output, "units", id);

/** A simulated or emulated unit's flash; what the unit says is kept beside it, in `.log`. */
export const flashOf = (config: Output, id: string): string => join(folderOf(config, id), "unit.flash");

/** IDs of the units whose flash is here, in the alphabet's order. */
export function unitsHere(config: Output): readonly string[] {
  const folder = join(config.output, "units");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((id) => existsSync(flashOf(config, id)))
    .sort();
}
