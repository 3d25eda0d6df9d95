/** Troubles that a person can mend end a verb with one line and exit code 1; anything else is a fault of ours and shows its stack. */
const TROUBLES = new Set([
  "BoardError",
  "BrokerTrouble",
  "CliTrouble",
  "CloudTrouble",
  "KeyFileError",
  "KeySetTrouble",
  "LockError",
  "MemoryError",
  "PhoneTrouble",
  "ReleaseTrouble",
  "SecretFileError",
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

/** What the system says when a file or folder can't be used, and what to do then. */
const FILE_TROUBLES: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left there; free some and try again",
  EACCES: "this user may not; name another folder, or change its permissions",
  EPERM: "this user may not; name another folder, or change its permissions",
  EROFS: "it can only be read; name another folder",
  ENOTDIR: "a file stands where a folder should; name another folder",
  EEXIST: "a file stands where a folder should; name another folder",
  ENOENT: "it isn't there; name the right one",
};

/** One line for a trouble that a person can mend, or undefined for a fault of ours. */
function troubleLine(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (TROUBLES.has(error.name)) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  const advice = code === undefined || path === undefined ? undefined : FILE_TROUBLES[code];
  return advice === undefined ? undefined : `${path} can't be used (${code}): ${advice}`;
}

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
