/* Our check of a signature against libsodium's: good ones, forged ones, and points with a part of small order. Prints what differs. */
#include <stdio.h>
#include <string.h>
#include "crypto_hash_sha512.h"
#include "curve25519/field.h"
#include "curve25519/halve.h"

int crypto_sign_ed25519_verify_detached(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);
int libsodium_verify(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);

/* Of order 8. */
static const uint8_t SMALL[32] = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
                                  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
static uint64_t state = 0x9e3779b97f4a7c15;
static unsigned tried[2];

static uint8_t any(void) { /* xorshift64* */
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (uint8_t)((state * 0x2545f4914f6cdd1d) >> 56);
}

static void any_scalar(uint8_t scalar[32]) {
  uint8_t wide[64];
  for (unsigned i = 0; i < 64; i++) wide[i] = any();
  sc25519_reduce(wide);
  memcpy(scalar, wide, 32);
}

/* scalar B + times * SMALL */
static void point(uint8_t out[32], const uint8_t scalar[32], unsigned times) {
  ge25519_p3 p, small;
  ge25519_cached cached;
  ge25519_p1p1 sum;
  ge25519_scalarmult_base(&p, scalar);
  ge25519_frombytes(&small, SMALL);
  ge25519_p3_to_cached(&cached, &small);
  while (times-- > 0) {
    ge25519_add(&sum, &p, &cached);
    ge25519_p1p1_to_p3(&p, &sum);
  }
  ge25519_p3_tobytes(out, &p);
}

static void compare(const uint8_t signature[64], const uint8_t message[], unsigned length, const uint8_t key[32]) {
  const int ours = crypto_sign_ed25519_verify_detached(signature, message, length, key) == 0;
  const int theirs = libsodium_verify(signature, message, length, key) == 0;
  tried[theirs]++;
  if (ours != theirs) printf("libsodium %s what we %s\n", theirs ? "accepts" : "rejects", ours ? "accept" : "reject");
}

/* By the secret a, with parts of small order in key and R: good where those cancel out. */
static void sign(unsigned small_of_key, unsigned small_of_r) {
  uint8_t a[32], r[32], hash[64], key[32], signature[64], message[40];
  const unsigned length = any() % sizeof message;
  for (unsigned i = 0; i < length; i++) message[i] = any();
  any_scalar(a);
  any_scalar(r);
  point(key, a, small_of_key);
  point(signature, r, small_of_r);
  crypto_hash_sha512_state hashed;
  crypto_hash_sha512_init(&hashed);
  crypto_hash_sha512_update(&hashed, signature, 32);
  crypto_hash_sha512_update(&hashed, key, 32);
  crypto_hash_sha512_update(&hashed, message, length);
  crypto_hash_sha512_final(&hashed, hash);
  sc25519_reduce(hash);
  sc25519_muladd(signature + 32, hash, a, r);
  compare(signature, message, length, key);
  uint8_t changed[96];
  memcpy(changed, signature, 64);
  memcpy(changed + 64, key, 32);
  changed[any() % sizeof changed] ^= (uint8_t)(1u << any() % 8);
  compare(changed, message, length, changed + 64);
  memset(changed + any() % 3 * 32, any() & 1 ? 0xff : 0, 32);
  compare(changed, message, length, changed + 64);
}

static void print(const uint8_t number[32]) {
  for (unsigned i = 32; i-- > 0;) printf("%02x", number[i]);
}

/* For the numbers on standard input: those, c, d and its sign. */
static void halve_all(void) {
  uint8_t k[32], c[32], d[32];
  while (fread(k, sizeof k, 1, stdin) == 1) {
    const int is_minus = halve(c, d, k);
    print(k), putchar(' '), print(c), putchar(' '), print(d), puts(is_minus ? " -" : " +");
  }
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    halve_all();
    return 0;
  }
  for (unsigned i = 0; i < 400; i++) sign(i % 2 ? 0 : any() % 8, i % 2 ? 0 : any() % 8);
  printf("%u %u\n", tried[0], tried[1]);
  return 0;
}
