import { homedir } from "node:os";
import { join } from "node:path";

/** Shared between clones, so that a fresh one downloads and compiles nothing that this machine has seen. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "latchkey");
}
