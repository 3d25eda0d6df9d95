/**
 * A phone's memory of each unit: its last address, the highest Air counter used, what the phone needs to
 * reach it remotely, and which keys its owner gave to whom. None of it is secret: it doesn't open a session.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { readText } from "#trust/host/files.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { withFileLock } from "./file-lock.ts";

/** A key that the owner gave to somebody. */
export interface GivenKey {
  /** Number of the link, 16 hexadecimal digits. */
  readonly cti: string;
  /** What the owner calls whoever holds it. */
  readonly name: string;
  /** Public key of the holder, 64 hexadecimal digits. */
  readonly holder: string;
  /** The owner's floor when the key was given: a higher one has ended it. */
  readonly epoch: number;
  readonly givenAtS: number;
  readonly expiresAtS?: number;
  /** In words, for the owner's own list. */
  readonly limits: readonly string[];
  /** When the unit confirmed that the key is revoked. */
  readonly revokedAtS?: number;
}

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
  /** The owner's floor, as the unit last told it. */
  readonly floor?: number;
  /** The app's functions, variables and events with their rights, as the unit last told them. */
  readonly names?: readonly (readonly [name: string, right: string])[];
  /** The rule of the zone where the unit is, as it was given when it was brought onto Wi-Fi. */
  readonly zone?: string;
  /** The keys that were given with this phone. */
  readonly keys?: readonly GivenKey[];
}

/** The file can't be used; one line that says what to do. */
class MemoryError extends Error {
  override name = "MemoryError";
}

const damaged = (path: string) => new MemoryError(`${path} is damaged; move it away, and scan label and card again`);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether everything that verbs rely on has its type: other programs may have written the file. */
function isKnown(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { host, port, lastCounter, cloud, grant, names, keys } = value;
  const isCloud = isRecord(cloud) && typeof cloud.host === "string" && typeof cloud.broker === "string";
  return (
    typeof host === "string" &&
    Number.isInteger(port) &&
    Number.isInteger(lastCounter) &&
    (cloud === undefined || cloud === null || isCloud) &&
    (grant === undefined || typeof grant === "string") &&
    (names === undefined || (Array.isArray(names) && names.every(Array.isArray))) &&
    (keys === undefined || (Array.isArray(keys) && keys.every(isGivenKey)))
  );
}

function isGivenKey(value: unknown): boolean {
  return (
    isRecord(value) && typeof value.cti === "string" && typeof value.name === "string" && Array.isArray(value.limits)
  );
}

function readAll(path: string): Record<string, Known> {
  if (!existsSync(path)) return {};
  const text = readText(path);
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    throw damaged(path);
  }
  if (!isRecord(all) || !Object.values(all).every(isKnown)) throw damaged(path);
  return all as Record<string, Known>;
}

/** What is known of a unit, by its ID in hexadecimal digits. Throws MemoryError. */
export function recall(path: string, id: string): Known | undefined {
  return readAll(path)[id];
}

/**
 * Changes what is remembered of a unit: reads, changes and replaces the file while no other process does, so that nothing
 * is lost and a reader never sees half a file.
 * @param change Is given what is known now, which may be newer than what the caller read before.
 * @throws MemoryError, LockError
 */
export function changeMemory(path: string, id: string, change: (known: Known | undefined) => Known): Known {
  mkdirSync(dirname(path), { recursive: true });
  return withFileLock(path, () => {
    const all = readAll(path);
    const known = change(all[id]);
    replaceSecretFile(path, `${JSON.stringify({ ...all, [id]: known }, null, 2)}\n`);
    return known;
  });
}

/** Remembers this and nothing else of a unit. Throws MemoryError, LockError. */
export function remember(path: string, id: string, known: Known): void {
  changeMemory(path, id, () => known);
}
