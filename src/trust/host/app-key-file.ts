/** A product's AES-128 key for the older onboarding protocols, in a file that its owner alone may read: 32 hexadecimal digits. */
import { existsSync, statSync } from "node:fs";
import { fromHex } from "#base/bytes.ts";
import { readText } from "./files.ts";
import { sharingTrouble } from "./owner-only.ts";

const KEY_BYTES = 16;

/** The file can't be used; one line that says what to do and tells nothing of the key. */
export class AppKeyError extends Error {
  override name = "AppKeyError";
}

/** @returns 16 bytes. @throws AppKeyError when the file is missing, readable by others, or no key. */
export function readAppKey(path: string): Uint8Array {
  if (!existsSync(path)) throw new AppKeyError(`there is no ${path}; put the app's key there, 32 hexadecimal digits`);
  const trouble = statSync(path).isFile() ? sharingTrouble(path) : undefined;
  if (trouble !== undefined) throw new AppKeyError(trouble);
  const key = fromHex(readText(path).trim());
  if (key?.length !== KEY_BYTES)
    throw new AppKeyError(`${path} holds no AES-128 key: 32 hexadecimal digits are wanted`);
  return key;
}
