/**
 * Crockford's base32 as symbols of five bits, forgiving to whoever types: lower case counts as upper, O as 0, I and L
 * as 1, hyphens and spaces as nothing. There is no U.
 */
import { ok, type Result, refuse } from "#base/faults.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The text of symbols, each 0 to 31. */
export function base32Text(symbols: readonly number[]): string {
  return symbols.map((symbol) => ALPHABET[symbol]).join("");
}

/** The symbols of a typed text, or BASE32_CHARACTER for a character that stands for nothing. */
export function base32Symbols(text: string): Result<readonly number[]> {
  const symbols: number[] = [];
  for (const typed of text.toUpperCase()) {
    if (typed === "-" || typed === " ") continue;
    const character = typed === "O" ? "0" : typed === "I" || typed === "L" ? "1" : typed;
    const symbol = ALPHABET.indexOf(character);
    if (symbol < 0) return refuse("BASE32_CHARACTER");
    symbols.push(symbol);
  }
  return ok(symbols);
}

/** Splits bytes into symbols, most significant bits first, the last one filled up with zero bits. */
export function toSymbols(bytes: Uint8Array): readonly number[] {
  const symbols: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = ((held & 31) << 8) | byte;
    for (heldBits += 8; heldBits >= 5; heldBits -= 5) symbols.push((held >> (heldBits - 5)) & 31);
  }
  if (heldBits > 0) symbols.push((held << (5 - heldBits)) & 31);
  return symbols;
}

/** Joins symbols into whole bytes; BASE32_LENGTH when the bits left over are not all zero or make up a symbol. */
export function fromSymbols(symbols: readonly number[]): Result<Uint8Array> {
  const bytes: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const symbol of symbols) {
    held = ((held & 255) << 5) | symbol;
    heldBits += 5;
    if (heldBits >= 8) {
      heldBits -= 8;
      bytes.push((held >> heldBits) & 255);
    }
  }
  const isFilled = heldBits < 5 && (held & ((1 << heldBits) - 1)) === 0;
  return isFilled ? ok(Uint8Array.from(bytes)) : refuse("BASE32_LENGTH");
}
