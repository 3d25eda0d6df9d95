/* A secret choice from a table of points: every word of it is read, and what is not chosen is masked. */
#include "field.h"

/* All ones when a equals b, which are below 2^31. */
static uint32_t mask_if(uint32_t a, uint32_t b) { return (uint32_t)((int32_t)((a ^ b) - 1) >> 31); }

/* h = the entry whose mask is all ones, or the number none where the first mask is. limbs: those of the first of eight entries. */
static void choose(fe25519 h, const int32_t *limbs, const uint32_t masks[9], uint32_t none) {
  const uint32_t m1 = masks[1], m2 = masks[2], m3 = masks[3], m4 = masks[4];
  const uint32_t m5 = masks[5], m6 = masks[6], m7 = masks[7], m8 = masks[8];
  none &= masks[0];
#define OF(entry, mask) ((uint32_t)limbs[(entry) * (sizeof(ge25519_precomp) / sizeof *limbs)] & (mask))
  for (unsigned i = 0; i < 10; i++, limbs++, none = 0)
    h[i] = (int32_t)(none | OF(0, m1) | OF(1, m2) | OF(2, m3) | OF(3, m4) | OF(4, m5) | OF(5, m6) | OF(6, m7) | OF(7, m8));
}

void ge25519_cmov8(ge25519_precomp *t, const ge25519_precomp table[8], const signed char b) {
  const uint32_t minus = (uint32_t)((int32_t)b >> 31), size = ((uint32_t)b ^ minus) - minus;
  uint32_t masks[9];
  for (unsigned j = 0; j < 9; j++) masks[j] = mask_if(size, j);
  choose(t->yplusx, table[0].yplusx, masks, 1);
  choose(t->yminusx, table[0].yminusx, masks, 1);
  choose(t->xy2d, table[0].xy2d, masks, 0);
  for (unsigned i = 0; i < 10; i++) { /* -(x, y) = (-x, y) */
    const int32_t swap = (t->yplusx[i] ^ t->yminusx[i]) & (int32_t)minus;
    t->yplusx[i] ^= swap;
    t->yminusx[i] ^= swap;
    t->xy2d[i] = (t->xy2d[i] ^ (int32_t)minus) - (int32_t)minus;
  }
}
