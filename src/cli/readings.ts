/**
 * Reads bytes from an argument: a file, hexadecimal or base64 text, or "-" for standard input. Never secrets: these
 * come from files only.
 */
import { existsSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import { plainText, readBytes, readText, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { CliTrouble } from "./trouble.ts";

/** The text of a file, or of standard input for "-". */
export function textOf(name: string): string {
  return readText(name);
}

/** Bytes of a file (raw, or as text), of a word, or of standard input. */
export function bytesOf(what: string, word: string): Uint8Array {
  const isFile = word === "-" || existsSync(word);
  const raw = isFile ? readBytes(word) : undefined;
  const text = raw === undefined ? word : plainText(Buffer.from(raw).toString("utf8"));
  const bytes = fromWords(text.trim());
  if (bytes !== undefined) return bytes;
  if (raw !== undefined && raw.length > 0) return raw;
  throw new CliTrouble(`${what}: "${word}" is no file, no hexadecimal and no base64`);
}

function fromWords(text: string): Uint8Array | undefined {
  const dense = text.replace(/\s+/g, "");
  if (dense === "") return undefined;
  const hex = fromHex(dense);
  if (hex !== undefined) return hex;
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(dense)) return undefined;
  return Uint8Array.from(Buffer.from(dense, "base64"));
}

/** Bytes of a known length, in hexadecimal. */
export function hexOf(option: string, text: string, byteLength: number): Uint8Array {
  const bytes = fromHex(text);
  if (bytes?.length !== byteLength) throw new CliTrouble(`${option} wants ${2 * byteLength} hexadecimal digits`);
  return bytes;
}

interface Minted {
  /** What to say of it besides its bytes. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly minted: Uint8Array;
  /** A file for it, as a line of hexadecimal. */
  readonly out: string | undefined;
}

/** Writes a line of hexadecimal and reads it back. */
export function writeMinted(path: string, hex: string): void {
  writeWhole(path, `${hex}\n`);
  if (readText(path) !== `${hex}\n`) {
    throw new CliTrouble(`${path} does not hold what was written; check the disk and try again`);
  }
}

/** Writes what was minted to its file, or prints it; as JSON one object, of several parts by their names. */
export function give(isJson: boolean | undefined, parts: Readonly<Record<string, Minted>>): void {
  const told: Record<string, object> = {};
  for (const { out } of Object.values(parts)) if (out !== undefined) refuseFolder(out);
  for (const [name, { fields, minted, out }] of Object.entries(parts)) {
    const hex = toHex(minted);
    if (out !== undefined) writeMinted(out, hex);
    told[name] = { kind: name, ...fields, bytes: minted.length, hex };
    if (isJson !== true)
      process.stdout.write(out === undefined ? `${hex}\n` : `${out}: ${name}, ${minted.length} bytes\n`);
  }
  const all = Object.values(told);
  if (isJson === true) process.stdout.write(`${JSON.stringify(all.length === 1 ? all[0] : told)}\n`);
}
