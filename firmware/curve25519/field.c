/*
 * Products modulo 2^255 - 19 for a core without a carry flag (RV32IM). They replace those of libsodium.
 *
 * libsodium adds products in columns of 64 bits: on RV32 six instructions for each. Here a column C is two sums of 32 bits,
 * and a product takes four (mul, add, mulh, add):
 *   low  = C modulo 2^32: sums of lower halves that may overflow
 *   high = sum of floor(product / 2^28): from upper halves, with one factor shifted left by four
 * Each floor drops less than one, so C = high * 2^28 + e with 0 <= e < 16 * 2^28 = 2^32 as long as there are fewer than 16, and the
 * four bits where both overlap say how many were dropped.
 *
 * Elements are libsodium's: ten limbs in radix 2^25.5, of 26 and 25 bits in turn. Let one unit be 2^25 for an even limb and 2^24 for
 * an odd one. A product's limbs are at most 1.01 units; its operands' may have a sum of two such each, or one 1 and the other 3: then
 * |C| <= 4 * 2^50 * (1 + 19 * (4 + 5 / 2)) < 2^59, so that high fits into 32 bits. Sums of three are carried first (_carried).
 * No step depends on a value: time is constant.
 */
#include "field.h"

#define LOW(a, b) ((uint32_t)(a) * (uint32_t)(b))
#define HIGH(a, b) ((int32_t)(((int64_t)(int32_t)(a) * (int32_t)(b)) >> 32))
/* Over five limbs of f, the even or the odd ones. */
#define EVEN(OF, a, b, c, d, e) (OF(f0, a) + OF(f2, b) + OF(f4, c) + OF(f6, d) + OF(f8, e))
#define ODD(OF, a, b, c, d, e) (OF(f1, a) + OF(f3, b) + OF(f5, c) + OF(f7, d) + OF(f9, e))

/* A column on its way through the carries: what of the one before belongs to it, in both views. */
struct fe25519_carry {
  uint32_t low;
  int32_t high;
};

/* Adds the carry to the column, makes its limb of so many bits (rounded to the nearest), and leaves the next carry. */
static inline int32_t fe25519_limb(struct fe25519_carry *carry, uint32_t low, int32_t high, unsigned bits) {
  low += carry->low;
  high += carry->high;
  const uint32_t rounded = low + (1u << (bits - 1));
  uint32_t above = (uint32_t)high << (28 - bits); /* floor(C / 2^bits), once what was dropped is back */
  above += ((rounded >> bits) - above) & ((1u << (32 - bits)) - 1);
  carry->low = above;
  carry->high = high >> bits;
  return (int32_t)(low - (above << bits));
}

/* The carry out of column 9 is worth 19 in column 0. (high >> 25) * 19 would drop 19 times as much. */
static inline void fe25519_wrap(fe25519 h, uint32_t above, int32_t high) {
  struct fe25519_carry carry = {above * 19, HIGH(high, 19 << 7)};
  h[0] = fe25519_limb(&carry, (uint32_t)h[0], 0, 26);
  h[1] += (int32_t)carry.low;
}

void fe25519_add(fe25519 h, const fe25519 f, const fe25519 g) {
  _Pragma("GCC unroll 10") for (unsigned i = 0; i < 10; i++) h[i] = f[i] + g[i];
}

void fe25519_sub(fe25519 h, const fe25519 f, const fe25519 g) {
  _Pragma("GCC unroll 10") for (unsigned i = 0; i < 10; i++) h[i] = f[i] - g[i];
}

/* h = f * g. Can overlap h with f or g. */
void fe25519_mul(fe25519 h, const fe25519 f, const fe25519 g) {
  uint32_t f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3], f4 = f[4], f5 = f[5], f6 = f[6], f7 = f[7], f8 = f[8], f9 = f[9];
  uint32_t g0 = g[0], g1 = g[1], g2 = g[2], g3 = g[3], g4 = g[4], g5 = g[5], g6 = g[6], g7 = g[7], g8 = g[8], g9 = g[9];
  /* From the last column on: what has wrapped around is multiplied by 19. Two odd limbs' product is worth two. */
  const uint32_t l9 = EVEN(LOW, g9, g7, g5, g3, g1) + ODD(LOW, g8, g6, g4, g2, g0);
  g9 *= 19;
  const uint32_t l8 = EVEN(LOW, g8, g6, g4, g2, g0) + 2 * ODD(LOW, g7, g5, g3, g1, g9);
  g8 *= 19;
  const uint32_t l7 = EVEN(LOW, g7, g5, g3, g1, g9) + ODD(LOW, g6, g4, g2, g0, g8);
  g7 *= 19;
  const uint32_t l6 = EVEN(LOW, g6, g4, g2, g0, g8) + 2 * ODD(LOW, g5, g3, g1, g9, g7);
  g6 *= 19;
  const uint32_t l5 = EVEN(LOW, g5, g3, g1, g9, g7) + ODD(LOW, g4, g2, g0, g8, g6);
  g5 *= 19;
  const uint32_t l4 = EVEN(LOW, g4, g2, g0, g8, g6) + 2 * ODD(LOW, g3, g1, g9, g7, g5);
  g4 *= 19;
  const uint32_t l3 = EVEN(LOW, g3, g1, g9, g7, g5) + ODD(LOW, g2, g0, g8, g6, g4);
  g3 *= 19;
  const uint32_t l2 = EVEN(LOW, g2, g0, g8, g6, g4) + 2 * ODD(LOW, g1, g9, g7, g5, g3);
  g2 *= 19;
  const uint32_t l1 = EVEN(LOW, g1, g9, g7, g5, g3) + ODD(LOW, g0, g8, g6, g4, g2);
  g1 *= 19;
  const uint32_t l0 = EVEN(LOW, g0, g8, g6, g4, g2) + 2 * ODD(LOW, g9, g7, g5, g3, g1);

  /* Odd limbs doubled, which an odd column halves again: it drops less so. */
  f0 <<= 4, f2 <<= 4, f4 <<= 4, f6 <<= 4, f8 <<= 4;
  f1 <<= 5, f3 <<= 5, f5 <<= 5, f7 <<= 5, f9 <<= 5;
  struct fe25519_carry carry = {0, 0};
  h[0] = fe25519_limb(&carry, l0, EVEN(HIGH, g0, g8, g6, g4, g2) + ODD(HIGH, g9, g7, g5, g3, g1), 26);
  g1 = g[1];
  h[1] = fe25519_limb(&carry, l1, EVEN(HIGH, g1, g9, g7, g5, g3) + (ODD(HIGH, g0, g8, g6, g4, g2) >> 1), 25);
  g2 = g[2];
  h[2] = fe25519_limb(&carry, l2, EVEN(HIGH, g2, g0, g8, g6, g4) + ODD(HIGH, g1, g9, g7, g5, g3), 26);
  g3 = g[3];
  h[3] = fe25519_limb(&carry, l3, EVEN(HIGH, g3, g1, g9, g7, g5) + (ODD(HIGH, g2, g0, g8, g6, g4) >> 1), 25);
  g4 = g[4];
  h[4] = fe25519_limb(&carry, l4, EVEN(HIGH, g4, g2, g0, g8, g6) + ODD(HIGH, g3, g1, g9, g7, g5), 26);
  g5 = g[5];
  h[5] = fe25519_limb(&carry, l5, EVEN(HIGH, g5, g3, g1, g9, g7) + (ODD(HIGH, g4, g2, g0, g8, g6) >> 1), 25);
  g6 = g[6];
  h[6] = fe25519_limb(&carry, l6, EVEN(HIGH, g6, g4, g2, g0, g8) + ODD(HIGH, g5, g3, g1, g9, g7), 26);
  g7 = g[7];
  h[7] = fe25519_limb(&carry, l7, EVEN(HIGH, g7, g5, g3, g1, g9) + (ODD(HIGH, g6, g4, g2, g0, g8) >> 1), 25);
  g8 = g[8];
  h[8] = fe25519_limb(&carry, l8, EVEN(HIGH, g8, g6, g4, g2, g0) + ODD(HIGH, g7, g5, g3, g1, g9), 26);
  g9 = g[9];
  const int32_t h9 = EVEN(HIGH, g9, g7, g5, g3, g1) + (ODD(HIGH, g8, g6, g4, g2, g0) >> 1) + carry.high;
  carry.high = 0;
  h[9] = fe25519_limb(&carry, l9, h9, 25);
  fe25519_wrap(h, carry.low, h9);
}

/* h = f^2. Can overlap h with f. Every pair of different limbs counts twice. */
void fe25519_sq(fe25519 h, const fe25519 f) {
  const uint32_t g0 = f[0], g1 = f[1], g2 = f[2], g3 = f[3], g4 = f[4], g5 = f[5], g6 = f[6], g7 = f[7], g8 = f[8], g9 = f[9];
  uint32_t f1 = g1 * 2, f3 = g3 * 2, f5 = g5 * 2, f7 = g7 * 2, f9 = g9 * 2;
  const uint32_t n2 = g2 * 19, n4 = g4 * 19, n5 = g5 * 19, n6 = g6 * 19, n7 = g7 * 19, n8 = g8 * 19, n9 = g9 * 19;
#define COLUMN_0(OF) (OF(f0, g0) + OF(f5, n5) + 2 * (OF(f1, n9) + OF(f2, n8) + OF(f3, n7) + OF(f4, n6)))
#define COLUMN_1(OF) (OF(f1, g0) + OF(f9, n2) + OF(f3, n8) + OF(f7, n4) + OF(f5, n6))
#define COLUMN_2(OF) (OF(f1, g1) + OF(f6, n6) + 2 * (OF(f0, g2) + OF(f3, n9) + OF(f4, n8) + OF(f5, n7)))
#define COLUMN_3(OF) (OF(f3, g0) + OF(f1, g2) + OF(f9, n4) + OF(f5, n8) + OF(f7, n6))
#define COLUMN_4(OF) (OF(f2, g2) + OF(f7, n7) + 2 * (OF(f0, g4) + OF(f1, g3) + OF(f5, n9) + OF(f6, n8)))
#define COLUMN_5(OF) (OF(f5, g0) + OF(f1, g4) + OF(f3, g2) + OF(f9, n6) + OF(f7, n8))
#define COLUMN_6(OF) (OF(f3, g3) + OF(f8, n8) + 2 * (OF(f0, g6) + OF(f1, g5) + OF(f2, g4) + OF(f7, n9)))
#define COLUMN_7(OF) (OF(f7, g0) + OF(f1, g6) + OF(f5, g2) + OF(f3, g4) + OF(f9, n8))
#define COLUMN_8(OF) (OF(f4, g4) + OF(f9, n9) + 2 * (OF(f0, g8) + OF(f1, g7) + OF(f2, g6) + OF(f3, g5)))
#define COLUMN_9(OF) (OF(f9, g0) + OF(f1, g8) + OF(f7, g2) + OF(f3, g6) + OF(f5, g4))
  uint32_t f0 = g0, f2 = g2, f4 = g4, f6 = g6, f8 = g8;
  const uint32_t l0 = COLUMN_0(LOW), l1 = COLUMN_1(LOW), l2 = COLUMN_2(LOW), l3 = COLUMN_3(LOW), l4 = COLUMN_4(LOW);
  const uint32_t l5 = COLUMN_5(LOW), l6 = COLUMN_6(LOW), l7 = COLUMN_7(LOW), l8 = COLUMN_8(LOW), l9 = COLUMN_9(LOW);
  f0 <<= 4, f1 <<= 4, f2 <<= 4, f3 <<= 4, f4 <<= 4, f5 <<= 4, f6 <<= 4, f7 <<= 4, f8 <<= 4, f9 <<= 4;
  struct fe25519_carry carry = {0, 0};
  h[0] = fe25519_limb(&carry, l0, COLUMN_0(HIGH), 26);
  h[1] = fe25519_limb(&carry, l1, COLUMN_1(HIGH), 25);
  h[2] = fe25519_limb(&carry, l2, COLUMN_2(HIGH), 26);
  h[3] = fe25519_limb(&carry, l3, COLUMN_3(HIGH), 25);
  h[4] = fe25519_limb(&carry, l4, COLUMN_4(HIGH), 26);
  h[5] = fe25519_limb(&carry, l5, COLUMN_5(HIGH), 25);
  h[6] = fe25519_limb(&carry, l6, COLUMN_6(HIGH), 26);
  h[7] = fe25519_limb(&carry, l7, COLUMN_7(HIGH), 25);
  h[8] = fe25519_limb(&carry, l8, COLUMN_8(HIGH), 26);
  const int32_t h9 = COLUMN_9(HIGH) + carry.high;
  carry.high = 0;
  h[9] = fe25519_limb(&carry, l9, h9, 25);
  fe25519_wrap(h, carry.low, h9);
}

/* h = 2 * f^2: a sum of two, which libsodium takes into a sum that is carried. */
void fe25519_sq2(fe25519 h, const fe25519 f) {
  fe25519_sq(h, f);
  fe25519_add(h, h, h);
}

/* h = n * f, for an n of at most 17 bits. */
void fe25519_scalar_product(fe25519 h, const fe25519 f, uint32_t n) {
  int32_t carry = 0;
  _Pragma("GCC unroll 10") for (unsigned i = 0; i < 10; i++) {
    const unsigned bits = 26 - (i & 1);
    const uint32_t low = (uint32_t)f[i] * n;
    const int32_t limb = (int32_t)(low << (32 - bits)) >> (32 - bits); /* what is above is rounded to the nearest */
    h[i] = limb + carry;
    carry = HIGH(f[i] * 16, n << (28 - bits)) + (int32_t)(low >> (bits - 1) & 1);
  }
  const int32_t first = h[0] + carry * 19;
  carry = (first + (1 << 25)) >> 26;
  h[0] = first - carry * (1 << 26);
  h[1] += carry;
}

/* A sum's limbs made those of a product again; each may have up to 2^28. */
#define CARRIED(name, sign)                                                \
  void name(fe25519 h, const fe25519 f, const fe25519 g) {                 \
    int32_t carry = 0;                                                     \
    _Pragma("GCC unroll 10") for (unsigned i = 0; i < 10; i++) {           \
      const unsigned bits = 26 - (i & 1);                                  \
      const int32_t sum = f[i] sign g[i] + carry;                          \
      carry = (sum + (1 << (bits - 1))) >> bits;                           \
      h[i] = sum - carry * (1 << bits);                                    \
    }                                                                      \
    h[0] += carry * 19;                                                    \
  }
CARRIED(fe25519_add_carried, +)
CARRIED(fe25519_sub_carried, -)
