/**
 * Four check symbols for 27 symbols of five bits: the Reed-Solomon code (31, 27) over GF(32), x^5 + x^2 + 1, with the
 * generator's roots at the first four powers of x. Any one to four wrong symbols show, so does every swap; what is
 * wrong elsewhere passes once in a million.
 */

/** Coefficients below the leading one of (z - a)(z - a^2)(z - a^3)(z - a^4), from z^3 down. */
const GENERATOR = /* @__PURE__ */ generator();

/** The four check symbols that follow these data symbols. */
export function checkSymbols(data: readonly number[]): readonly number[] {
  let remainder: readonly number[] = [0, 0, 0, 0];
  for (const symbol of data) {
    const lead = symbol ^ (remainder[0] as number);
    remainder = GENERATOR.map((factor, i) => (remainder[i + 1] ?? 0) ^ multiply(lead, factor));
  }
  return remainder;
}

/** Tells whether the last four of these symbols are the check of those before. */
export function isChecked(symbols: readonly number[]): boolean {
  return checkSymbols(symbols).every((symbol) => symbol === 0);
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 16; bit > 0; bit >>= 1) {
    product <<= 1;
    if (product & 32) product ^= 0b100101;
    if (b & bit) product ^= a;
  }
  return product;
}

function generator(): readonly number[] {
  let polynomial: readonly number[] = [1];
  for (let root = 2, i = 0; i < 4; i++, root = multiply(root, 2)) {
    polynomial = [...polynomial, 0].map((factor, k) => factor ^ multiply(polynomial[k - 1] ?? 0, root));
  }
  return polynomial.slice(1);
}
