/** Troubles that a person can mend end a verb with one line and exit code 1; anything else is a fault of ours and shows its stack. */
const TROUBLES = new Set([
  "BrokerTrouble",
  "CliTrouble",
  "CloudTrouble",
  "KeyFileError",
  "KeySetTrouble",
  "MemoryError",
  "PhoneTrouble",
  "ReleaseTrouble",
  "StoreTrouble",
  "StoryError",
  "BundleError",
  "ConfigError",
  "FlashFileError",
  "ImageError",
  "LineError",
  "RegistryError",
]);

/** Runs a verb's work; a known trouble becomes `latchkey: MESSAGE` on standard error. */
export async function sayTrouble(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || !TROUBLES.has(error.name)) throw error;
    process.stderr.write(`latchkey: ${error.message}\n`);
    process.exitCode = 1;
  }
}
