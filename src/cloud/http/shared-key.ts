/** A key that other programs show to the cloud: the operator's tools, and a broker that asks about its clients. */
import { existsSync } from "node:fs";
import { toHex } from "#base/bytes.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { createSecretFile, readSecretFile, SecretFileError } from "#trust/host/secret-file.ts";

const KEY_BYTES = 32;
const WHOLE_KEY = /^[0-9a-f]{64}\n?$/;

/** @throws SecretFileError when the file is missing, may be read by others, or does not hold a whole key. */
export function readSharedKey(path: string): string {
  const text = readSecretFile(path);
  if (!WHOLE_KEY.test(text)) {
    throw new SecretFileError(
      `${path} does not hold a whole key of ${KEY_BYTES * 2} digits; delete it and start again`,
    );
  }
  return text.trim();
}

/** Reads the key, or creates it if the file isn't there. @throws SecretFileError as above, or the file system's error. */
export function ensureSharedKey(path: string): string {
  if (!existsSync(path)) createSecretFile(path, `${toHex(nodePrimitives.random(KEY_BYTES))}\n`);
  return readSharedKey(path);
}
