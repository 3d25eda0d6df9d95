/* mbedTLS's SHA-256 by libsodium's (third-party.json makes mbedTLS look here). */
#pragma once
#include "crypto_hash_sha256.h"

typedef crypto_hash_sha256_state mbedtls_sha256_context;
