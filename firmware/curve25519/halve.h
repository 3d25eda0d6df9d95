/* Scalars of half the length. */
#pragma once
#include <stdint.h>

/*
 * Finds c and d with d = c * k modulo 8 L (L the order of Curve25519's base point), c odd and below 2^200, for a k below L. Both have
 * about 128 bits for nearly every k. All numbers have 32 bytes, the lowest first. @returns Whether it is -d instead.
 */
int halve(uint8_t c[32], uint8_t d[32], const uint8_t k[32]);
