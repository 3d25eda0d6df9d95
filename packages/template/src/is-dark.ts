/** A level of the light sensor (0 to 65535) below which it is dark. */
const DARK = 20_000;

export function isDark(level: number): boolean {
  return level < DARK;
}
