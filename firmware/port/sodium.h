/* The few parts of libsodium that we give it ourselves, and a curve multiplication without its dispatch table. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void sodium_misuse(void);
int sodium_memcmp(const void *a, const void *b, size_t length);
void sodium_memzero(void *memory, size_t length);
/* u-coordinate of scalar times point (RFC 7748); not 0 for a point of small order. */
int curve25519_multiply(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32]);
