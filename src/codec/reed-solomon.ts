/**
 * Reed-Solomon as an erasure code over GF(2^9), polynomial x^9 + x^4 + 1: k message symbols are the coefficients of a
 * polynomial, symbol i is its value at the i-th power of the generator 2, and any k symbols give the message back.
 * @source Reed and Solomon, "Polynomial Codes over Certain Finite Fields" (1960)
 */
import { assert } from "#base/assert.ts";

export const SYMBOL_BITS = 9;
const ELEMENTS = 1 << SYMBOL_BITS;
/** Distinct symbols that exist: every element of the field but zero. */
export const RS_SYMBOLS_MAX = ELEMENTS - 1;
const POLYNOMIAL = 0x211;

/** Powers of the generator, and their logarithms. Built for each use: a unit has no memory to keep them in. */
interface Field {
  readonly exp: Uint16Array;
  readonly log: Uint16Array;
}

function buildField(): Field {
  const exp = new Uint16Array(RS_SYMBOLS_MAX);
  const log = new Uint16Array(ELEMENTS);
  for (let i = 0, x = 1; i < RS_SYMBOLS_MAX; i++) {
    exp[i] = x;
    log[x] = i;
    x <<= 1;
    if (x >= ELEMENTS) x ^= POLYNOMIAL;
  }
  return { exp, log };
}

function multiply({ exp, log }: Field, a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  const sum = (log[a] as number) + (log[b] as number);
  return exp[sum < RS_SYMBOLS_MAX ? sum : sum - RS_SYMBOLS_MAX] as number;
}

function divide({ exp, log }: Field, a: number, b: number): number {
  if (a === 0) return 0;
  const difference = (log[a] as number) - (log[b] as number);
  return exp[difference < 0 ? difference + RS_SYMBOLS_MAX : difference] as number;
}

/** The first `count` symbols (at most 511) of a message. */
export function rsSymbols(message: ArrayLike<number>, count: number): Uint16Array {
  const field = buildField();
  return Uint16Array.from({ length: count }, (_, index) => {
    const x = field.exp[index] as number;
    let value = 0;
    for (let i = message.length - 1; i >= 0; i--) value = multiply(field, value, x) ^ (message[i] as number);
    return value;
  });
}

/**
 * The message that symbols belong to, by Newton's divided differences: about k * k multiplications.
 * @param indices k different symbol numbers.
 * @param symbols The symbols with those numbers.
 */
export function rsMessage(indices: ArrayLike<number>, symbols: ArrayLike<number>): Uint16Array {
  const k = indices.length;
  assert(k === symbols.length && k <= RS_SYMBOLS_MAX, "as many symbols as numbers");
  const field = buildField();
  const x = Uint16Array.from({ length: k }, (_, i) => field.exp[indices[i] as number] as number);
  const difference = Uint16Array.from(symbols);
  for (let order = 1; order < k; order++) {
    for (let i = k - 1; i >= order; i--) {
      const apart = (x[i] as number) ^ (x[i - order] as number);
      assert(apart !== 0, "symbol numbers differ");
      difference[i] = divide(field, (difference[i] as number) ^ (difference[i - 1] as number), apart);
    }
  }
  // Horner over the Newton basis: message = (...(d[k-1] (X - x[k-2]) + d[k-2]) (X - x[k-3]) ...) + d[0].
  const message = new Uint16Array(k);
  message[0] = difference[k - 1] as number;
  for (let i = k - 2; i >= 0; i--) {
    const root = x[i] as number;
    for (let power = k - 1 - i; power > 0; power--) {
      message[power] = (message[power - 1] as number) ^ multiply(field, message[power] as number, root);
    }
    message[0] = multiply(field, message[0] as number, root) ^ (difference[i] as number);
  }
  return message;
}
