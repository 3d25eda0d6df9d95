/* mbedTLS's ChaCha20-Poly1305 by libsodium's, as TLS uses it: whole records. */
#pragma once
#include <stdint.h>

typedef struct {
  uint8_t key[32];
} mbedtls_chachapoly_context;
