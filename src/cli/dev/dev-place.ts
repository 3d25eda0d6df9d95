/** Where a running `latchkey dev` says how to reach it: a file that only the user can read. One process owns a unit's folder. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CliTrouble } from "#cli/trouble.ts";
import { readText } from "#trust/host/files.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";

interface DevPlace {
  readonly pid: number;
  /** 0 until the page is served. */
  readonly port: number;
  readonly token: string;
}

const placePath = (folder: string) => join(folder, "place.json");

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What a running process wrote there, or undefined. */
export function readDevPlace(folder: string): DevPlace | undefined {
  if (!existsSync(placePath(folder))) return undefined;
  try {
    const place = JSON.parse(readText(placePath(folder))) as DevPlace;
    return Number.isInteger(place.pid) && isRunning(place.pid) ? place : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a development unit's folder for this process, until it ends.
 * @throws CliTrouble where another process has it: two would write to one flash
 */
export function takeDevPlace(folder: string): (port: number, token: string) => void {
  const other = readDevPlace(folder);
  if (other !== undefined && other.pid !== process.pid) {
    throw new CliTrouble(
      `latchkey dev runs for this product and board already (process ${other.pid}); end it first, or name another --config`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const write = (port: number, token: string) =>
    replaceSecretFile(placePath(folder), `${JSON.stringify({ pid: process.pid, port, token })}\n`);
  write(0, "");
  process.on("exit", () => rmSync(placePath(folder), { force: true }));
  return write;
}
