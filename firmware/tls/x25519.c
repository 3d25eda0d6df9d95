/* The key exchange: X25519 by libsodium, a sixth of the time that mbedTLS takes for P-256; the latter for servers without. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* to the coordinates of a point */
#include "mbedtls/ecdh.h"
#include "port/sodium.h"

#define BYTES 32u

/* Little-endian, as RFC 7748 has it. */
static int multiply(mbedtls_mpi *out, const mbedtls_mpi *scalar, const uint8_t point[BYTES]) {
  uint8_t s[BYTES], product[BYTES];
  int result = mbedtls_mpi_write_binary_le(scalar, s, BYTES);
  if (result == 0 && curve25519_multiply(product, s, point) != 0) result = MBEDTLS_ERR_ECP_INVALID_KEY;
  if (result == 0) result = mbedtls_mpi_read_binary_le(out, product, BYTES);
  sodium_memzero(s, BYTES);
  sodium_memzero(product, BYTES);
  return result;
}

int mbedtls_ecdh_gen_public(mbedtls_ecp_group *curve, mbedtls_mpi *own, mbedtls_ecp_point *shown,
                            int (*chance)(void *, unsigned char *, size_t), void *of) {
  static const uint8_t base[BYTES] = {9};
  if (curve->id != MBEDTLS_ECP_DP_CURVE25519) return mbedtls_ecp_gen_keypair(curve, own, shown, chance, of);
  uint8_t seed[BYTES];
  int result = chance(of, seed, BYTES);
  if (result == 0) result = mbedtls_mpi_read_binary_le(own, seed, BYTES);
  sodium_memzero(seed, BYTES);
  if (result == 0) result = multiply(&shown->X, own, base);
  return result ? result : mbedtls_mpi_lset(&shown->Z, 1);
}

int mbedtls_ecdh_compute_shared(mbedtls_ecp_group *curve, mbedtls_mpi *secret, const mbedtls_ecp_point *theirs,
                                const mbedtls_mpi *own, int (*chance)(void *, unsigned char *, size_t), void *of) {
  if (curve->id == MBEDTLS_ECP_DP_CURVE25519) {
    uint8_t point[BYTES];
    int result = mbedtls_mpi_write_binary_le(&theirs->X, point, BYTES);
    return result ? result : multiply(secret, own, point);
  }
  mbedtls_ecp_point product;
  mbedtls_ecp_point_init(&product);
  int result = mbedtls_ecp_mul(curve, &product, own, theirs, chance, of);
  if (result == 0) result = mbedtls_mpi_copy(secret, &product.X);
  mbedtls_ecp_point_free(&product);
  return result;
}
