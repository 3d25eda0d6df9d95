#include "port/sodium.h"
#include <string.h>
#include "port/entropy.h"
#include "crypto_scalarmult/curve25519/ref10/x25519_ref10.h"

void randombytes_buf(void *memory, size_t length) {
  if (!entropy_take(memory, length)) sodium_misuse();
}

/* The base point's multiples come from Ed25519's table, in a third of the time. */
int curve25519_multiply(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32]) {
  static const uint8_t base[32] = {9};
  if (memcmp(point, base, sizeof base) == 0)
    return crypto_scalarmult_curve25519_ref10_implementation.mult_base(out, scalar);
  return crypto_scalarmult_curve25519_ref10_implementation.mult(out, scalar, point);
}
