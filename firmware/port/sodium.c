#include "port/sodium.h"
#include "main/report.h"
#include "port/entropy.h"
#include "crypto_scalarmult/curve25519/ref10/x25519_ref10.h"

void sodium_misuse(void) { report_and_restart(RESET_FAULT, "libsodium was misused"); }

void sodium_memzero(void *memory, size_t length) {
  volatile uint8_t *at = memory;
  while (length--) *at++ = 0;
}

int sodium_memcmp(const void *a, const void *b, size_t length) {
  const volatile uint8_t *x = a, *y = b;
  uint8_t difference = 0;
  while (length--) difference |= *x++ ^ *y++;
  return (1 & ((difference - 1) >> 8)) - 1;
}

int sodium_is_zero(const unsigned char *bytes, size_t length) {
  uint8_t any = 0;
  while (length--) any |= *bytes++;
  return 1 & ((any - 1) >> 8);
}

void randombytes_buf(void *memory, size_t length) {
  if (!entropy_take(memory, length)) sodium_misuse();
}

int curve25519_multiply(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32]) {
  return crypto_scalarmult_curve25519_ref10_implementation.mult(out, scalar, point);
}
