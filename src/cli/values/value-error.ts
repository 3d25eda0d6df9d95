/** An invalid value on the command line: the program prints one line, exits with code 2 and does nothing. */
export class ValueError extends Error {
  override name = "ValueError";
}

/**
 * Refuses a value.
 * @param option As the person wrote it, with its dashes.
 * @param text   What was found.
 * @param expected What is expected there, with an example.
 */
export function wrongValue(option: string, text: string, expected: string): never {
  throw new ValueError(`${option}: "${text}" is not understood (expected ${expected})`);
}

/** The groups of a pattern that the whole text must match. */
export function groupsOf(option: string, text: string, pattern: RegExp, expected: string): readonly string[] {
  const match = pattern.exec(text);
  return match === null ? wrongValue(option, text, expected) : match.slice(1);
}
