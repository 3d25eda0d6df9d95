/*
 * Reduces the lattice of all (r, t) with r = t k modulo 8 L, from (8 L, 0) and (k, 1): the longer r less the shorter one shifted, until
 * both have half as many bits (J. Pollard and C. Schnorr's use of Euclid's algorithm; T. Pornin, 2020, for signatures). The two t have
 * opposite signs, so that |t| only grows. Every step keeps gcd(t0, t1) = 1: one of them is odd.
 */
#include "halve.h"
#include <string.h>

#define WORDS 8
#define HALF_BITS 128
#define C_BITS_MAX 200

struct vector {
  uint32_t r[WORDS], t[WORDS]; /* |t| */
  int is_minus;                /* t < 0 */
};

static const uint32_t EIGHT_L[WORDS] = {0xe7ae9f68, 0xc09318d2, 0x17bce6b2, 0xa6f7cef5, 0, 0, 0, 0x80000000};

static unsigned bits_of(const uint32_t words[WORDS]) {
  for (unsigned i = WORDS; i-- > 0;)
    if (words[i]) return 32 * i + 32 - (unsigned)__builtin_clz(words[i]);
  return 0;
}

static int is_less(const uint32_t a[WORDS], const uint32_t b[WORDS]) {
  for (unsigned i = WORDS; i-- > 0;)
    if (a[i] != b[i]) return a[i] < b[i];
  return 0;
}

/* The next word of b << shift. */
static uint32_t shifted(uint32_t word, uint32_t below, unsigned shift) {
  return word << shift % 32 | below >> 1 >> (31 - shift % 32);
}

/* a -= b << shift. @returns Whether that is below 0. */
static int subtract(uint32_t a[WORDS], const uint32_t b[WORDS], unsigned shift) {
  uint32_t below = 0, borrow = 0;
  for (unsigned i = shift / 32, j = 0; i < WORDS; below = b[j++], i++) {
    const uint32_t word = shifted(b[j], below, shift), difference = a[i] - word;
    const uint32_t next = (a[i] < word) | (difference < borrow);
    a[i] = difference - borrow;
    borrow = next;
  }
  return (int)borrow;
}

/* a += b << shift. */
static void add(uint32_t a[WORDS], const uint32_t b[WORDS], unsigned shift) {
  uint32_t below = 0, carry = 0;
  for (unsigned i = shift / 32, j = 0; i < WORDS; below = b[j++], i++) {
    const uint32_t word = shifted(b[j], below, shift), sum = a[i] + word;
    const uint32_t next = (sum < word) | (sum + carry < carry);
    a[i] = sum + carry;
    carry = next;
  }
}

static unsigned longest(const struct vector *v) {
  const unsigned r = bits_of(v->r), t = bits_of(v->t);
  return r > t ? r : t;
}

/* The 32 bits from the highest one on; of a number of so many bits. */
static uint32_t leading(const uint32_t words[WORDS], unsigned bits) {
  const unsigned top = (bits - 1) / 32, unused = 31 - (bits - 1) % 32;
  return words[top] << unused | (top > 0 ? words[top - 1] >> 1 >> (31 - unused) : 0);
}

int halve(uint8_t c[32], uint8_t d[32], const uint8_t k[32]) {
  struct vector a = {{0}, {0}, 1}, b = {{0}, {1}, 0}, first, *longer = &a, *shorter = &b;
  memcpy(a.r, EIGHT_L, sizeof a.r);
  memcpy(b.r, k, sizeof b.r);
  first = b;
  for (unsigned bits; (bits = bits_of(longer->r)) > HALF_BITS;) {
    const unsigned less = bits_of(shorter->r);
    if (less == 0) break;
    unsigned shift = bits - less;
    if (shift > 0 && leading(longer->r, bits) < leading(shorter->r, less)) shift--;
    if (subtract(longer->r, shorter->r, shift)) { /* the leading bits were the same, and shift is not 0: shorter is not longer */
      add(longer->r, shorter->r, shift--);
      subtract(longer->r, shorter->r, shift);
    }
    add(longer->t, shorter->t, shift);
    if (is_less(longer->r, shorter->r)) {
      struct vector *swap = longer;
      longer = shorter;
      shorter = swap;
    }
  }
  const struct vector *best = &first;
  if (longer->t[0] & 1 && bits_of(longer->t) <= C_BITS_MAX && longest(longer) < longest(best)) best = longer;
  if (shorter->t[0] & 1 && bits_of(shorter->t) <= C_BITS_MAX && longest(shorter) < longest(best)) best = shorter;
  memcpy(c, best->t, 32);
  memcpy(d, best->r, 32);
  return best->is_minus;
}
