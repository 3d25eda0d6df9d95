/** A maker's or a person's Ed25519 key in a file that its owner alone may read: one JSON object. */
import { existsSync, statSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import { readText } from "./files.ts";
import { nodePrimitives } from "./node-primitives.ts";
import { sharingTrouble } from "./owner-only.ts";
import { createSecretFile } from "./secret-file.ts";

/** What a key is for; a key of one role is refused for another. */
export const KEY_ROLES = ["issuer", "root", "release", "timestamp", "time", "holder"] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

export interface KeyPair {
  readonly role: KeyRole;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The file can't be used; one line that says what to do and tells nothing of the key. */
class KeyFileError extends Error {
  override name = "KeyFileError";
}

/** Makes a new key and writes it whole or not at all, mode 600. Never replaces a file. */
export function createKeyFile(path: string, role: KeyRole): KeyPair {
  return writeKeyFile(path, role, nodePrimitives.random(32));
}

/** Writes a key that came from elsewhere, as a card's holder key does, in the same way. */
export function writeKeyFile(path: string, role: KeyRole, seed: Uint8Array): KeyPair {
  if (existsSync(path))
    throw new KeyFileError(`${path} is there already; a key is never overwritten: name another file`);
  const pair = { role, seed, publicKey: nodePrimitives.ed25519PublicKey(seed) };
  const whole = JSON.stringify({ role, public: toHex(pair.publicKey), seed: toHex(seed) });
  createSecretFile(path, `${whole}\n`);
  return readKeyFile(path, role);
}

/**
 * Reads a key for one role.
 * @throws KeyFileError when it is missing, readable by others, damaged, or another role's.
 */
export function readKeyFile(path: string, role: KeyRole): KeyPair {
  if (!existsSync(path))
    throw new KeyFileError(`there is no key file ${path}; make one with: latchkey keys new ${role} ${path}`);
  const trouble = statSync(path).isFile() ? sharingTrouble(path) : undefined;
  if (trouble !== undefined) throw new KeyFileError(trouble);
  const { role: written, public: publicText, seed: seedText } = parse(path);
  const seed = typeof seedText === "string" ? fromHex(seedText) : undefined;
  if (seed?.length !== 32 || toHex(nodePrimitives.ed25519PublicKey(seed)) !== publicText) {
    throw new KeyFileError(`${path} is damaged; put back your copy of it`);
  }
  if (written !== role) throw new KeyFileError(`${path} holds a key for "${written}", a key for "${role}" is wanted`);
  return { role, seed, publicKey: nodePrimitives.ed25519PublicKey(seed) };
}

/** Reads the key of a role, making it first when the file isn't there. */
export function ensureKeyFile(path: string, role: KeyRole): KeyPair {
  return existsSync(path) ? readKeyFile(path, role) : createKeyFile(path, role);
}

function parse(path: string): { readonly role?: unknown; readonly public?: unknown; readonly seed?: unknown } {
  const text = readText(path);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Not JSON, and its words may be a part of a key.
  }
  throw new KeyFileError(`${path} is no key file; name the right one, or put back your copy of it`);
}
