/* Our products modulo 2^255 - 19 against libsodium's, at the edges of what they may be given and at random. Prints what differs. */
#include <stdio.h>
#include <string.h>
#include "curve25519/field.h"

/* How far from 0 a limb of two products' sum gets, in units of 1/4096 of 2^25 or 2^24: a bit more than products leave. */
#define SUM_OF_TWO 8216

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t any(void) { /* xorshift64* */
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

/* Limbs at most so far from 0: each at an edge, or anywhere. */
static void any_element(fe25519 f, int32_t most) {
  const unsigned way = (unsigned)(any() % 5);
  for (unsigned i = 0; i < 10; i++) {
    const int32_t edge = most << (i & 1 ? 12 : 13);
    if (way == 0) f[i] = edge;
    else if (way == 1) f[i] = -edge;
    else if (way == 2) f[i] = any() & 1 ? edge : -edge;
    else if (way == 3) f[i] = (int32_t)(any() % 3) - 1;
    else f[i] = (int32_t)(any() % (2 * (uint64_t)edge + 1)) - edge;
  }
}

static int is_small(const fe25519 f) {
  for (unsigned i = 0; i < 10; i++) {
    const int32_t most = (1 << (i & 1 ? 24 : 25)) / 100 * 101;
    if (f[i] > most || f[i] < -most) return 0;
  }
  return 1;
}

static void expect_same(const char *what, const fe25519 ours, const fe25519 theirs) {
  unsigned char a[32], b[32];
  fe25519_tobytes(a, ours);
  fe25519_tobytes(b, theirs);
  if (memcmp(a, b, sizeof a) != 0) printf("%s is another number\n", what);
  if (!is_small(ours)) printf("%s has a limb too large\n", what);
}

int main(void) {
  static const int32_t most[][2] = {{SUM_OF_TWO, SUM_OF_TWO}, {4108, 12324}, {12324, 4108}};
  fe25519 f, g, ours, theirs;
  for (unsigned i = 0; i < 20000; i++) {
    any_element(f, most[i % 3][0]);
    any_element(g, most[i % 3][1]);
    fe25519_mul(ours, f, g);
    fe25519_mul_by_64_bits(theirs, f, g);
    expect_same("a product", ours, theirs);
    memcpy(ours, f, sizeof ours);
    fe25519_mul(ours, ours, g);
    expect_same("a product in its first factor's place", ours, theirs);
    memcpy(ours, g, sizeof ours);
    fe25519_mul(ours, f, ours);
    expect_same("a product in its second factor's place", ours, theirs);

    any_element(f, SUM_OF_TWO);
    fe25519_sq(ours, f);
    fe25519_sq_by_64_bits(theirs, f);
    expect_same("a square", ours, theirs);
    memcpy(ours, f, sizeof ours);
    fe25519_sq(ours, ours);
    expect_same("a square in its root's place", ours, theirs);
    fe25519_sq2(ours, f);
    fe25519_sq2_by_64_bits(theirs, f);
    fe25519_sub_carried(ours, ours, theirs);
    fe25519_0(theirs);
    expect_same("the difference of a doubled square and itself", ours, theirs);
    const uint32_t n = (uint32_t)(any() >> (47 + any() % 17));
    fe25519_scalar_product(ours, f, n);
    fe25519_scalar_product_by_64_bits(theirs, f, n);
    expect_same("a product with a small number", ours, theirs);

    any_element(g, 2 * SUM_OF_TWO);
    fe25519_add(theirs, f, g);
    fe25519_add_carried(ours, f, g);
    expect_same("a carried sum", ours, theirs);
    fe25519_sub(theirs, f, g);
    fe25519_sub_carried(ours, f, g);
    expect_same("a carried difference", ours, theirs);
  }
  puts("end");
  return 0;
}
