/** Turns errors into one line on standard error and an exit code. */
import { fileTrouble } from "#trust/host/files.ts";

/** Troubles that a person can mend end a verb with one line and exit code 1; anything else is a fault of ours and shows its stack. */
const TROUBLES = new Set([
  "AppKeyError",
  "BoardError",
  "BrokerTrouble",
  "CliTrouble",
  "CloudTrouble",
  "FileError",
  "FlasherError",
  "FramesError",
  "KeyFileError",
  "KeySetTrouble",
  "LockError",
  "MemoryError",
  "PhoneTrouble",
  "ReleaseTrouble",
  "SecretFileError",
  "SerialLineError",
  "StationError",
  "StoreTrouble",
  "StoryError",
  "TlsTrouble",
  "ValueError",
  "BundleError",
  "ConfigError",
  "FlashFileError",
  "ImageError",
  "LineError",
  "NamesError",
  "RegistryError",
  "RecoveryError",
  "BuildStop",
]);

/** What the system says about networks and, where it names no file, about the disk. */
const SYSTEM_TROUBLES: Readonly<Record<string, string>> = {
  EACCES: "this user may not use it; choose a port above 1023",
  EADDRINUSE: "it is in use; end the program that holds it, or choose another",
  EADDRNOTAVAIL: "it is not an address of this machine; choose another",
  EAFNOSUPPORT: "this machine has no such kind of address; choose another",
  EAI_AGAIN: "its name can't be looked up now; check the network and try again",
  ECONNREFUSED: "nobody listens there; check address and port",
  ECONNRESET: "it ended the connection; try again",
  EDQUOT: "this user's quota is used up; free some space and try again",
  EFBIG: "a file would become larger than this system allows",
  EHOSTUNREACH: "no way leads there; check address and network",
  EMFILE: "too many files are open; close some programs and try again",
  ENETUNREACH: "no way leads there; check address and network",
  ENOMEM: "no memory is left; end some programs and try again",
  ENOSPC: "no space is left on the disk; free some and try again",
  ENOTFOUND: "no such host is known; check its name",
  EPIPE: "it ended the connection; try again",
  ETIMEDOUT: "it doesn't answer; check address and network",
};

/** One line for a trouble that a person can mend, or undefined for a fault of ours. */
export function troubleLine(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (TROUBLES.has(error.name)) return oneLine(error.message);
  const aboutFile = fileTrouble(error);
  if (aboutFile !== undefined) return aboutFile;
  const { code, hostname, address, port, syscall } = error as NodeJS.ErrnoException & {
    hostname?: string;
    address?: string;
    port?: number;
  };
  const advice = code === undefined ? undefined : SYSTEM_TROUBLES[code];
  if (advice === undefined) return undefined;
  const host = hostname ?? address;
  const place = host === undefined ? (syscall ?? "the system") : port === undefined ? host : `${host}, port ${port}`;
  return `${place} can't be used (${code}): ${advice}`;
}

const oneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, "; ");

/** Runs a verb's work; a trouble that a person can mend becomes `latchkey: MESSAGE` on standard error. A value that means nothing exits with 2, as a wrong option does. */
export async function sayTrouble(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    const line = troubleLine(error);
    if (line === undefined) throw error;
    process.stderr.write(`latchkey: ${line}\n`);
    process.exitCode = error instanceof Error && error.name === "ValueError" ? 2 : 1;
  }
}
