/** Reads and writes whole files. Their errors always say which file, what is wrong with it, and what to do. */
import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";

/** The file can't be used. The message is one line that says what to do. */
class FileError extends Error {
  override name = "FileError";
  /** The system's own name for what is wrong, as ENOENT. */
  readonly code: string | undefined;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** What the system says when a file or folder can't be used, and what to do then. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "this user may not; name another one, or change its permissions",
  EBUSY: "another program uses it; end that one",
  EDQUOT: "this user's quota is used up; free some space and try again",
  EEXIST: "a file stands where a folder should; name another folder",
  EFBIG: "it would become larger than this system allows; free space or name another place",
  EISDIR: "a folder stands where a file is expected; name the file itself",
  EIO: "its disk fails; look at the system's log",
  ELOOP: "its links lead in a circle; name the file itself",
  EMFILE: "too many files are open; close some programs and try again",
  ENAMETOOLONG: "its name is too long; give it a shorter one",
  ENOENT: "it isn't there; name the right one",
  ENOSPC: "no space is left there; free some and try again",
  ENOTDIR: "a file stands where a folder should; name another folder",
  ENOTEMPTY: "the folder is not empty; name another one",
  ENXIO: "nobody is at its other end; name a file",
  EPERM: "this user may not; name another one, or change its permissions",
  EROFS: "it can only be read; name another folder",
  ETXTBSY: "it is a program that runs; end it first",
};

/** Everything that is read here is far smaller; a larger file is the wrong one. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** One line for a system's error about a file, or undefined for another kind of error. */
export function fileTrouble(error: unknown, path?: string): string | undefined {
  if (error instanceof FileError) return error.message;
  const { code, path: told } = error as NodeJS.ErrnoException;
  const advice = code === undefined ? undefined : ADVICE[code];
  const name = path ?? told;
  return advice === undefined || name === undefined ? undefined : `${name} can't be used (${code}): ${advice}`;
}

/** Does something with a file. @throws FileError with the file's name where the system refuses. */
function withName<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const line = fileTrouble(error, path);
    if (line === undefined) throw error;
    throw new FileError(line, (error as NodeJS.ErrnoException).code);
  }
}

/** Whether an error says that there is no such file, rather than that it can't be read. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/**
 * Reads a file.
 * @param path "-" is standard input.
 * @throws FileError when it is missing, a folder, larger than FILE_BYTES_MAX, or can't be read.
 */
export function readBytes(path: string): Uint8Array {
  const name = path === "-" ? "standard input" : path;
  return withName(name, () => {
    const handle = path === "-" ? 0 : openSync(path, "r");
    try {
      const { size } = fstatSync(handle);
      if (size > FILE_BYTES_MAX) {
        throw new FileError(
          `${name} is too large: ${size} bytes (expected at most ${FILE_BYTES_MAX}); name the right file`,
          "EFBIG",
        );
      }
      return Uint8Array.from(readFileSync(handle));
    } finally {
      if (handle !== 0) closeSync(handle);
    }
  });
}

/** Reads a text as any editor may have saved it: a byte order mark is left out, and lines end with a line feed. */
export function readText(path: string): string {
  return plainText(Buffer.from(readBytes(path)).toString("utf8"));
}

/** A text without byte order mark, with line feeds alone. */
export function plainText(text: string): string {
  return text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
}

/**
 * Writes a whole file and reads it back, or leaves an earlier one as it was. What is no regular file, as a pipe, is written to directly.
 * @param mode For a file that others may not read; where one is replaced, its own mode counts.
 * @throws FileError
 */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  withName(path, () => {
    const held = statSync(path, { throwIfNoEntry: false });
    if (held !== undefined && !held.isFile()) return writeFileSync(path, content, { flush: true });
    const temporary = `${path}.new-${process.pid}`;
    try {
      const handle = openSync(temporary, "w", held === undefined ? mode : held.mode & 0o777);
      try {
        writeFileSync(handle, content);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      if (!readFileSync(temporary).equals(Buffer.from(content))) {
        throw new FileError(`${path} does not hold what was written; check the disk and try again`, "EIO");
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** Refuses a folder before long work is done whose result should go there. @throws FileError */
export function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  throw new FileError(`${path} can't be used (EISDIR): ${ADVICE.EISDIR}`, "EISDIR");
}

/** Adds to the end of a file. @throws FileError */
export function append(path: string, content: string): void {
  withName(path, () => appendFileSync(path, content));
}
