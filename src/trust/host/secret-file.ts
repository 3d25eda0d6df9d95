/**
 * Files that hold a secret, or whose loss can't be undone: they appear whole or not at all, only their owner can read
 * them, and nothing that is there is overwritten by accident. Every writer of such a file uses these functions.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { readText } from "./files.ts";
import { makeOwnerOnly, sharingTrouble } from "./owner-only.ts";

/** The file can't be used as a secret. One line that says what to do, without anything of the secret. */
export class SecretFileError extends Error {
  override name = "SecretFileError";
}

const OWNER_ONLY = 0o600;

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes temporary files of processes that were killed before they could rename theirs. */
function removeLeftovers(path: string): void {
  const name = basename(path);
  for (const entry of readdirSync(dirname(path))) {
    if (!entry.startsWith(`${name}.new`)) continue;
    const writer = /^(?:-(\d+))?$/.exec(entry.slice(`${name}.new`.length));
    if (writer === null || (writer[1] !== undefined && isRunning(Number(writer[1])))) continue;
    rmSync(join(dirname(path), entry), { force: true });
  }
}

function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    // Windows and some network file systems can't open or synchronize a folder.
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw error;
    }
  }
}

/** Writes a temporary file beside `path` and synchronizes it. @returns Its name. */
function writeTemporary(path: string, content: string | Uint8Array, mode = OWNER_ONLY): string {
  const held = statSync(path, { throwIfNoEntry: false });
  // A rename would put a file in the place of a folder's or device's name.
  if (held !== undefined && !held.isFile()) throw new SecretFileError(`${path} is not a file; name the file itself`);
  mkdirSync(dirname(path), { recursive: true });
  removeLeftovers(path);
  const temporary = `${path}.new-${process.pid}`;
  rmSync(temporary, { force: true });
  // wx: a link that somebody put there meanwhile is not followed.
  const handle = openSync(temporary, "wx", mode);
  try {
    // Before there is anything in it to read.
    if (mode === OWNER_ONLY) makeOwnerOnly(temporary);
    writeFileSync(handle, content);
    fsyncSync(handle);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(handle);
  }
  return temporary;
}

/**
 * Creates the file with mode 600. Two processes that try at the same time never both succeed.
 * @throws SecretFileError when a file of that name is there; or the file system's error, and then nothing was created.
 */
export function createSecretFile(path: string, content: string | Uint8Array): void {
  const taken = new SecretFileError(`${path} is there already and is never overwritten: name another file`);
  if (existsSync(path)) throw taken;
  const temporary = writeTemporary(path, content);
  try {
    linkSync(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw taken;
    // A file system without hard links.
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(code ?? "")) throw error;
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
}

/** Replaces the file, or creates it, with mode 600. Whoever reads it sees the old content or the new one. */
export function replaceSecretFile(path: string, content: string | Uint8Array): void {
  renameSync(writeTemporary(path, content), path);
  syncFolder(dirname(path));
}

/** The same for a file that everybody may read, and that must not be lost or cut short either. */
export function replacePublicFile(path: string, content: string | Uint8Array): void {
  renameSync(writeTemporary(path, content, 0o644), path);
  syncFolder(dirname(path));
}

/**
 * Reads a secret.
 * @throws SecretFileError when it isn't a regular file, or others than its owner may use it; or the file system's error.
 */
export function readSecretFile(path: string): string {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) throw new SecretFileError(`${path} is a symbolic link; put the file itself there`);
  if (!status.isFile()) throw new SecretFileError(`${path} is not a file; name the file itself`);
  const trouble = sharingTrouble(path);
  if (trouble !== undefined) throw new SecretFileError(trouble);
  return readText(path);
}
