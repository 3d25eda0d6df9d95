/**
 * Reed-Solomon as an erasure code over GF(2^8), polynomial 0x11d: k message bytes are the coefficients of a polynomial,
 * symbol i is its value at the i-th power of the generator 2, and any k symbols give the message back.
 * @source Reed and Solomon, "Polynomial Codes over Certain Finite Fields" (1960)
 */
import { assert } from "#base/assert.ts";

/** Distinct symbols that exist: every element of the field but zero. */
export const RS_SYMBOLS_MAX = 255;

const EXP: Readonly<Uint8Array> = powers();
const LOG: Readonly<Uint8Array> = logarithms(EXP);

/** The powers of the generator, twice over, so that a sum of two logarithms needs no remainder. */
function powers(): Uint8Array {
  const exp = new Uint8Array(510);
  for (let i = 0, x = 1; i < 255; i++) {
    exp[i] = x;
    exp[i + 255] = x;
    x <<= 1;
    if (x & 0x100) x ^= 0x11d;
  }
  return exp;
}

function logarithms(exp: Readonly<Uint8Array>): Uint8Array {
  const log = new Uint8Array(256);
  for (let i = 0; i < 255; i++) log[exp[i] as number] = i;
  return log;
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (EXP[(LOG[a] as number) + (LOG[b] as number)] as number);
}

function divide(a: number, b: number): number {
  return a === 0 ? 0 : (EXP[(LOG[a] as number) + 255 - (LOG[b] as number)] as number);
}

/** Symbol number `index` (0 to 254) of a message. */
export function rsSymbol(message: Uint8Array, index: number): number {
  const x = EXP[index] as number;
  let value = 0;
  for (let i = message.length - 1; i >= 0; i--) value = multiply(value, x) ^ (message[i] as number);
  return value;
}

/**
 * The message that symbols belong to, by Newton's divided differences: about k * k multiplications.
 * @param indices k different symbol numbers.
 * @param symbols The symbols with those numbers.
 */
export function rsMessage(indices: ArrayLike<number>, symbols: ArrayLike<number>): Uint8Array {
  const k = indices.length;
  assert(k === symbols.length && k <= RS_SYMBOLS_MAX, "as many symbols as numbers");
  const x = Uint8Array.from({ length: k }, (_, i) => EXP[indices[i] as number] as number);
  const difference = Uint8Array.from(symbols);
  for (let order = 1; order < k; order++) {
    for (let i = k - 1; i >= order; i--) {
      const apart = (x[i] as number) ^ (x[i - order] as number);
      assert(apart !== 0, "symbol numbers differ");
      difference[i] = divide((difference[i] as number) ^ (difference[i - 1] as number), apart);
    }
  }
  // Horner over the Newton basis: message = (...(d[k-1] (X - x[k-2]) + d[k-2]) (X - x[k-3]) ...) + d[0].
  const message = new Uint8Array(k);
  message[0] = difference[k - 1] as number;
  for (let i = k - 2; i >= 0; i--) {
    const root = x[i] as number;
    for (let power = k - 1 - i; power > 0; power--) {
      message[power] = (message[power - 1] as number) ^ multiply(message[power] as number, root);
    }
    message[0] = multiply(message[0] as number, root) ^ (difference[i] as number);
  }
  return message;
}
