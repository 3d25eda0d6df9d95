/*
 * Checks an Ed25519 signature with half as many doublings as libsodium (crypto_sign_ed25519_verify_detached in its place), and gives
 * the same answer to every input.
 *
 * A signature (R, S) by A over k is good when Q = S B - k A - R is 0. halve() finds c and d of half as many bits with d = c k modulo
 * 8 L and c odd; then c Q = (c S) B - d A - c R, and is 0 only when Q is: the group has 8 L elements and c has no factor of that. What
 * is left of c S modulo L, the order of B, is cut into two halves, for B and 2^128 B (A. Antipa et al., Accelerated verification of
 * ECDSA signatures, 2005). Nothing here is secret, and time is not constant.
 */
#include <string.h>
#include "crypto_hash_sha512.h"
#include "crypto_sign_ed25519.h"
#include "halve.h"
#include "field.h"

#define SCALAR_BITS 256
/* Of points, odd multiples up to 7. */
#define WIDTH 4
#define MULTIPLES (1 << (WIDTH - 2))

/* In flash, odd multiples up to 31 of B and of 2^128 B. */
#define BASE_WIDTH 6
static const ge25519_precomp bases[2][1 << (BASE_WIDTH - 2)] = {
    {
#include "crypto_core/ed25519/ref10/fe_25_5/base2.h"
        ,
#include "base-17.h"
    },
    {
#include "base-128.h"
    },
};

static unsigned bit_of(const uint8_t *scalar, unsigned bytes, unsigned at) {
  return at / 8 < bytes ? (unsigned)scalar[at / 8] >> at % 8 & 1 : 0;
}

/* Signed digits of a scalar, each 0 or odd: at least width - 1 zeros follow one that is not. */
static void digits_of(int8_t digits[SCALAR_BITS + 1], const uint8_t *scalar, unsigned bytes, unsigned width) {
  unsigned carry = 0;
  memset(digits, 0, SCALAR_BITS + 1);
  while (bytes > 0 && scalar[bytes - 1] == 0) bytes--;
  for (unsigned at = 0; at <= bytes * 8;) {
    if (bit_of(scalar, bytes, at) == carry) { /* 0, or 1 and a carry that stays */
      at++;
      continue;
    }
    unsigned window = carry;
    for (unsigned i = 0; i < width; i++) window += bit_of(scalar, bytes, at + i) << i;
    carry = window >> (width - 1);
    digits[at] = (int8_t)((int)window - (int)(carry << width));
    at += width;
  }
}

static void twice(ge25519_p1p1 *r, const ge25519_p2 *p) {
  fe25519 sum;
  fe25519_sq(r->X, p->X);
  fe25519_sq(r->Z, p->Y);
  fe25519_sq2(r->T, p->Z);
  fe25519_add(r->Y, p->X, p->Y);
  fe25519_sq(sum, r->Y);
  fe25519_add(r->Y, r->Z, r->X);
  fe25519_sub(r->Z, r->Z, r->X);
  fe25519_sub_carried(r->X, sum, r->Y);
  fe25519_sub_carried(r->T, r->T, r->Z);
}

/* r = p + q, or p - q. */
static void add_base(ge25519_p1p1 *r, const ge25519_p3 *p, const ge25519_precomp *q, int is_minus) {
  fe25519 doubled;
  fe25519_add(r->X, p->Y, p->X);
  fe25519_sub(r->Y, p->Y, p->X);
  fe25519_mul(r->Z, r->X, is_minus ? q->yminusx : q->yplusx);
  fe25519_mul(r->Y, r->Y, is_minus ? q->yplusx : q->yminusx);
  fe25519_mul(r->T, q->xy2d, p->T);
  if (is_minus) fe25519_neg(r->T, r->T);
  fe25519_add(doubled, p->Z, p->Z);
  fe25519_sub(r->X, r->Z, r->Y);
  fe25519_add(r->Y, r->Z, r->Y);
  fe25519_add_carried(r->Z, doubled, r->T);
  fe25519_sub_carried(r->T, doubled, r->T);
}

static void odd_multiples(ge25519_cached multiples[MULTIPLES], const ge25519_p3 *p) {
  ge25519_p1p1 t;
  ge25519_p3 step, next;
  ge25519_p3_to_cached(&multiples[0], p);
  ge25519_add(&t, p, &multiples[0]);
  ge25519_p1p1_to_p3(&step, &t);
  for (unsigned i = 1; i < MULTIPLES; i++) {
    ge25519_add(&t, &step, &multiples[i - 1]);
    ge25519_p1p1_to_p3(&next, &t);
    ge25519_p3_to_cached(&multiples[i], &next);
  }
}

/* All as bytes, the lowest first; the processor's order is that too. */
static void multiply(uint8_t product[64], const uint8_t a[32], const uint8_t b[32]) {
  uint32_t x[8], y[8], sum[16] = {0};
  memcpy(x, a, sizeof x);
  memcpy(y, b, sizeof y);
  for (unsigned i = 0; i < 8; i++) {
    uint64_t carry = 0;
    for (unsigned j = 0; j < 8; j++) {
      carry += sum[i + j] + (uint64_t)x[i] * y[j];
      sum[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
    sum[i + 8] = (uint32_t)carry;
  }
  memcpy(product, sum, sizeof sum);
}

/* Whether u B + points[0] * scalars[0] + points[1] * scalars[1] is 0. */
static int is_zero(const uint8_t u[32], const ge25519_p3 points[2], const uint8_t scalars[2][32]) {
  int8_t digits[4][SCALAR_BITS + 1];
  ge25519_cached multiples[2][MULTIPLES];
  ge25519_p1p1 t;
  ge25519_p3 extended;
  ge25519_p2 sum;
  for (unsigned i = 0; i < 2; i++) {
    digits_of(digits[i], u + 16 * i, 16, BASE_WIDTH);
    digits_of(digits[2 + i], scalars[i], 32, WIDTH);
    odd_multiples(multiples[i], &points[i]);
  }
  int at = SCALAR_BITS;
  while (at >= 0 && !(digits[0][at] | digits[1][at] | digits[2][at] | digits[3][at])) at--;
  fe25519_0(sum.X);
  fe25519_1(sum.Y);
  fe25519_1(sum.Z);
  for (; at >= 0; at--) {
    twice(&t, &sum);
    for (unsigned i = 0; i < 4; i++) {
      const int digit = digits[i][at];
      if (digit == 0) continue;
      const unsigned multiple = (unsigned)(digit < 0 ? -digit : digit) / 2;
      ge25519_p1p1_to_p3(&extended, &t);
      if (i < 2) add_base(&t, &extended, &bases[i][multiple], digit < 0);
      else if (digit > 0) ge25519_add(&t, &extended, &multiples[i - 2][multiple]);
      else ge25519_sub(&t, &extended, &multiples[i - 2][multiple]);
    }
    ge25519_p1p1_to_p2(&sum, &t);
  }
  fe25519_sub(sum.Y, sum.Y, sum.Z);
  return fe25519_iszero(sum.X) && fe25519_iszero(sum.Y);
}

/* Whether a point in its only encoding is one of the eight whose order divides 8. */
static int is_small(const uint8_t point[32]) {
  static const uint8_t heights[][32] = {
      {0},
      {1},
      {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
      {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
       0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
      {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
       0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
  };
  for (unsigned i = 0; i < sizeof heights / sizeof *heights; i++)
    if (memcmp(point, heights[i], 31) == 0 && (point[31] & 0x7f) == heights[i][31]) return 1;
  return 0;
}

int crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message, unsigned long long length,
                                        const unsigned char *key) {
  crypto_hash_sha512_state state;
  uint8_t hash[64], u[64], scalars[2][32]; /* d, c */
  ge25519_p3 points[2];                    /* -A, -R */
  /* As libsodium, and R must be encoded as it would encode it. */
  if (!sc25519_is_canonical(signature + 32) || !ge25519_is_canonical(signature) || is_small(signature) ||
      !ge25519_is_canonical(key) || is_small(key) || ge25519_frombytes_negate_vartime(&points[0], key) != 0 ||
      ge25519_frombytes_negate_vartime(&points[1], signature) != 0)
    return -1;
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, signature, 32);
  crypto_hash_sha512_update(&state, key, 32);
  crypto_hash_sha512_update(&state, message, length);
  crypto_hash_sha512_final(&state, hash);
  sc25519_reduce(hash);
  if (halve(scalars[1], scalars[0], hash)) {
    fe25519_neg(points[0].X, points[0].X);
    fe25519_neg(points[0].T, points[0].T);
  }
  multiply(u, scalars[1], signature + 32);
  sc25519_reduce(u);
  return is_zero(u, points, scalars) ? 0 : -1;
}
