/* The functions that mbedTLS takes from libsodium, so that the image holds one SHA-256 and one ChaCha20-Poly1305. */
#include <string.h>
#include "crypto_aead_chacha20poly1305.h"
#include "mbedtls/chachapoly.h"
#include "mbedtls/sha256.h"
#include "port/sodium.h"

void mbedtls_sha256_init(mbedtls_sha256_context *c) { memset(c, 0, sizeof *c); }
void mbedtls_sha256_free(mbedtls_sha256_context *c) {
  if (c) sodium_memzero(c, sizeof *c);
}
void mbedtls_sha256_clone(mbedtls_sha256_context *to, const mbedtls_sha256_context *from) { *to = *from; }
int mbedtls_sha256_starts(mbedtls_sha256_context *c, int is224) {
  return is224 ? MBEDTLS_ERR_SHA256_BAD_INPUT_DATA : crypto_hash_sha256_init(c);
}
int mbedtls_sha256_update(mbedtls_sha256_context *c, const unsigned char *in, size_t length) {
  return crypto_hash_sha256_update(c, in, length);
}
int mbedtls_sha256_finish(mbedtls_sha256_context *c, unsigned char *out) {
  return crypto_hash_sha256_final(c, out);
}
int mbedtls_sha256(const unsigned char *in, size_t length, unsigned char *out, int is224) {
  return is224 ? MBEDTLS_ERR_SHA256_BAD_INPUT_DATA : crypto_hash_sha256(out, in, length);
}
/* A part of the interface that TLS has no use for. */
int mbedtls_internal_sha256_process(mbedtls_sha256_context *c, const unsigned char block[64]) {
  return crypto_hash_sha256_update(c, block, 64);
}

void mbedtls_chachapoly_init(mbedtls_chachapoly_context *c) { memset(c, 0, sizeof *c); }
void mbedtls_chachapoly_free(mbedtls_chachapoly_context *c) {
  if (c) sodium_memzero(c, sizeof *c);
}
int mbedtls_chachapoly_setkey(mbedtls_chachapoly_context *c, const unsigned char key[32]) {
  memcpy(c->key, key, sizeof c->key);
  return 0;
}
int mbedtls_chachapoly_encrypt_and_tag(mbedtls_chachapoly_context *c, size_t length, const unsigned char nonce[12],
                                       const unsigned char *aad, size_t aad_bytes, const unsigned char *in,
                                       unsigned char *out, unsigned char tag[16]) {
  return crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, NULL, in, length, aad, aad_bytes, NULL, nonce,
                                                            c->key);
}
int mbedtls_chachapoly_auth_decrypt(mbedtls_chachapoly_context *c, size_t length, const unsigned char nonce[12],
                                    const unsigned char *aad, size_t aad_bytes, const unsigned char tag[16],
                                    const unsigned char *in, unsigned char *out) {
  int wrong = crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, NULL, in, length, tag, aad, aad_bytes, nonce,
                                                                 c->key);
  return wrong ? MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED : 0;
}
