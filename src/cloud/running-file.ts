/** The file that tells tools on the same machine where the cloud of a data folder listens. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { readText, writeWhole } from "#trust/host/files.ts";

const RUNNING_FILE = "running.json";

interface Running {
  readonly pid: number;
  readonly url: string;
  /** Null with a broker that is not the embedded one. */
  readonly mqttPort: number | null;
  /** SHA-256 of the certificate under TLS. */
  readonly fingerprint?: string;
}

/** Writes the file. @returns Removes it. */
export function writeRunning(data: string, running: Running): () => void {
  const path = join(data, RUNNING_FILE);
  writeWhole(path, `${JSON.stringify(running)}\n`);
  return () => rmSync(path, { force: true });
}

/** @throws When no cloud runs on this folder. */
export function readRunning(data: string): Running {
  const running = JSON.parse(readText(join(data, RUNNING_FILE))) as Running | null;
  if (typeof running?.url !== "string") throw new Error(`${RUNNING_FILE} does not say where the cloud listens`);
  return running;
}
