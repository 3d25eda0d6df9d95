/** Archives as the kernel unpacks them at its start: cpio, "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";

const DIRECTORY = 0o040755;
const FILE = 0o100755;
const padded = (bytes: Uint8Array) => concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));

function entry(number: number, name: string, mode: number, bytes: Uint8Array): Uint8Array {
  const fields = [number, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return concat(padded(utf8(head)), padded(bytes));
}

export function cpio(directories: readonly string[], files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const none = new Uint8Array(0);
  return concat(
    ...directories.map((name, i) => entry(i + 1, name, DIRECTORY, none)),
    ...files.map(([name, bytes], i) => entry(directories.length + i + 1, name, FILE, bytes)),
    entry(0, "TRAILER!!!", 0, none),
  );
}
