/** Identifiers in hexadecimal: device IDs, numbers of keys, public keys. */
import { fromHex, toHex } from "#base/bytes.ts";
import { isAcceptablePoint } from "#trust/ed25519-strict.ts";
import { ValueError, wrongValue } from "./value-error.ts";

/** Bytes of a known length, in hexadecimal digits. */
function hexBytesOf(option: string, text: string, byteLength: number, what: string): Uint8Array {
  // As a label prints it, in capitals and groups, or as a program does.
  const bytes = fromHex(text.replace(/[ -]/g, "").toLowerCase());
  return bytes?.length === byteLength
    ? bytes
    : wrongValue(option, text, `${what}: ${2 * byteLength} hexadecimal digits`);
}

/** A device ID, as a label shows it. */
export function deviceIdOf(option: string, text: string): Uint8Array {
  return hexBytesOf(option, text, 12, "a device ID");
}

/** The number of a key, as `phone share` and `phone keys` show it. */
export function keyNumberOf(option: string, text: string): Uint8Array {
  return hexBytesOf(option, text, 8, "the number of a key");
}

/** An Ed25519 public key, of the kind that a unit accepts as somebody's. */
export function publicKeyValue(option: string, text: string): Uint8Array {
  const bytes = hexBytesOf(option, text, 32, "a public key");
  if (isAcceptablePoint(bytes)) return bytes;
  throw new ValueError(`${option} ${text} is nobody's key: every unit refuses it as too weak; give the holder's own`);
}

/** A device ID as programs write it: 24 lower-case hexadecimal digits. */
export function deviceIdText(option: string, text: string): string {
  return toHex(deviceIdOf(option, text));
}

/** Any number of bytes, two hexadecimal digits each. */
export function hexTextOf(option: string, text: string): Uint8Array {
  const bytes = fromHex(text);
  return bytes !== undefined && bytes.length > 0
    ? bytes
    : wrongValue(option, text, "hexadecimal: two digits a byte, as 486f6d65");
}
