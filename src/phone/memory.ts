/**
 * What a phone remembers of each unit: where it was last, the highest counter it was called with over the air, and what
 * it needs to reach it from afar. Nothing of it is secret.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CloudAddress } from "#wire/link/cloud-address.ts";

export interface Known {
  readonly host: string;
  readonly port: number;
  readonly lastCounter: number;
  /** Where its cloud is; null when the unit said that it has none. */
  readonly cloud?: CloudAddress | null;
  /** Whom to believe there, as the unit told it, in hexadecimal digits; absent for a cloud in the clear. */
  readonly cloudTls?: string;
  /** The owner's grant, in hexadecimal digits. */
  readonly grant?: string;
}

/** The file can't be used; one line that says what to do. */
export class MemoryError extends Error {
  override name = "MemoryError";
}

function readAll(path: string): Record<string, Known> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, Known>;
  } catch {
    throw new MemoryError(`${path} is damaged; move it away, and scan label and card again`);
  }
}

/** What is known of a unit, by its ID in hexadecimal digits. Throws MemoryError. */
export function recall(path: string, id: string): Known | undefined {
  return readAll(path)[id];
}

/** Remembers, whole or not at all. Throws MemoryError. */
export function remember(path: string, id: string, known: Known): void {
  const all = { ...readAll(path), [id]: known };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
