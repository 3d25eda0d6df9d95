/** The country whose rules the radio keeps, as the factory gives it. */

const [CAPITAL_A, CAPITAL_Z] = [65, 90];

/** @returns Two upper-case letters of ISO 3166-1; undefined for anything else. */
export function decodeCountry(bytes: Uint8Array): Uint8Array | undefined {
  const isCode = bytes.length === 2 && bytes.every((letter) => letter >= CAPITAL_A && letter <= CAPITAL_Z);
  return isCode ? bytes : undefined;
}
