/* libsodium's header with products of our own (field.c): compiled in front of every source. Its static ones go unused then. */
#pragma once

#define fe25519_add fe25519_add_inline
#define fe25519_sub fe25519_sub_inline
#define fe25519_mul fe25519_mul_by_64_bits
#define fe25519_sq fe25519_sq_by_64_bits
#define fe25519_sq2 fe25519_sq2_by_64_bits
#define fe25519_scalar_product fe25519_scalar_product_by_64_bits
#include "private/ed25519_ref10.h"
#undef fe25519_add
#undef fe25519_sub
#undef fe25519_mul
#undef fe25519_sq
#undef fe25519_sq2
#undef fe25519_scalar_product

void fe25519_add(fe25519 h, const fe25519 f, const fe25519 g);
void fe25519_sub(fe25519 h, const fe25519 f, const fe25519 g);
/* h = f * g, h = f^2, h = 2 * f^2 (of which the limbs are a sum's). Their operands' limbs: at most a sum of two products'. */
void fe25519_mul(fe25519 h, const fe25519 f, const fe25519 g);
void fe25519_sq(fe25519 h, const fe25519 f);
void fe25519_sq2(fe25519 h, const fe25519 f);
/* h = n * f, for an n of at most 17 bits. */
void fe25519_scalar_product(fe25519 h, const fe25519 f, uint32_t n);
/* h = f + g, h = f - g, where that would be a sum of three or four (firmware/third-party.json says where): limbs as a product's. */
void fe25519_add_carried(fe25519 h, const fe25519 f, const fe25519 g);
void fe25519_sub_carried(fe25519 h, const fe25519 f, const fe25519 g);
#define fe25519_add_carried fe25519_add_carried
#define fe25519_sub_carried fe25519_sub_carried

/* t = b * table[0], for a b from -8 to 8 that is secret. */
void ge25519_cmov8(ge25519_precomp *t, const ge25519_precomp table[8], const signed char b);
#define ge25519_cmov8 ge25519_cmov8
