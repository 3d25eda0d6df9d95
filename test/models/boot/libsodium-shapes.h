/* What the boot stage uses of libsodium, for the analysis alone: shapes, and no code. */
#pragma once
#include <stddef.h>

typedef struct crypto_hash_sha256_state {
  unsigned char inside[104];
} crypto_hash_sha256_state;
int crypto_hash_sha256(unsigned char *out, const unsigned char *in, unsigned long long length);
int crypto_hash_sha256_init(crypto_hash_sha256_state *state);
int crypto_hash_sha256_update(crypto_hash_sha256_state *state, const unsigned char *in, unsigned long long length);
int crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out);

int crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                        unsigned long long length, const unsigned char *key);
