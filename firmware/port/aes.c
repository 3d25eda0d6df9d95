/*
 * AES-128, for the onboarding protocols of others, which send a few blocks. The S-box is made at first use. These cores
 * have no data cache, so a look-up takes the same time whatever the byte.
 */
#include "port/aes.h"
#include <string.h>

static uint8_t box[256], inverse_box[256];

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1) ^ (uint8_t)(0x1b & -(x >> 7)); }

static uint8_t times(uint8_t x, uint8_t by) {
  uint8_t product = 0;
  for (; by; by >>= 1, x = twice(x))
    if (by & 1) product ^= x;
  return product;
}

/* FIPS 197, 5.1.1: walks the field by its generator 3 and the generator's inverse 0xf6 at once. */
static void make_boxes(void) {
  uint8_t p = 1, q = 1;
  if (box[0]) return;
  do {
    p ^= twice(p);
    q = times(q, 0xf6);
    uint8_t turned = q;
    for (int i = 0; i < 4; i++) {
      q = (uint8_t)(q << 1 | q >> 7);
      turned ^= q;
    }
    q = (uint8_t)(q << 4 | q >> 4); /* four turns more give q back */
    box[p] = turned ^ 0x63;
  } while (p != 1);
  box[0] = 0x63;
  for (int i = 0; i < 256; i++) inverse_box[box[i]] = (uint8_t)i;
}

static void expand(const uint8_t key[16], uint8_t round_keys[176]) {
  uint8_t constant = 1;
  memcpy(round_keys, key, 16);
  for (int i = 16; i < 176; i += 4) {
    uint8_t word[4];
    memcpy(word, round_keys + i - 4, 4);
    if (i % 16 == 0) {
      uint8_t first = word[0];
      for (int k = 0; k < 3; k++) word[k] = box[word[k + 1]];
      word[3] = box[first];
      word[0] ^= constant;
      constant = twice(constant);
    }
    for (int k = 0; k < 4; k++) round_keys[i + k] = round_keys[i - 16 + k] ^ word[k];
  }
}

static void add(uint8_t state[16], const uint8_t *round_key) {
  for (int i = 0; i < 16; i++) state[i] ^= round_key[i];
}

/* Substitutes and shifts rows: row r of column c comes from column c + r (or c - r). */
static void substitute(uint8_t state[16], const uint8_t *table, int direction) {
  uint8_t from[16];
  memcpy(from, state, 16);
  for (int i = 0; i < 16; i++) state[i] = table[from[(i + direction * 4 * (i % 4)) & 15]];
}

static void mix(uint8_t state[16], const uint8_t by[4]) {
  for (int column = 0; column < 16; column += 4) {
    uint8_t from[4];
    memcpy(from, state + column, 4);
    for (int r = 0; r < 4; r++) {
      uint8_t sum = 0;
      for (int k = 0; k < 4; k++) sum ^= times(from[k], by[(k - r) & 3]);
      state[column + r] = sum;
    }
  }
}

void aes128_encrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]) {
  static const uint8_t by[4] = {2, 3, 1, 1};
  uint8_t keys[176], state[16];
  make_boxes();
  expand(key, keys);
  memcpy(state, in, 16);
  add(state, keys);
  for (int round = 1; round <= 10; round++) {
    substitute(state, box, 1);
    if (round < 10) mix(state, by);
    add(state, keys + 16 * round);
  }
  memcpy(out, state, 16);
}

void aes128_decrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]) {
  static const uint8_t by[4] = {14, 11, 13, 9};
  uint8_t keys[176], state[16];
  make_boxes();
  expand(key, keys);
  memcpy(state, in, 16);
  add(state, keys + 160);
  for (int round = 9; round >= 0; round--) {
    substitute(state, inverse_box, -1);
    add(state, keys + 16 * round);
    if (round > 0) mix(state, by);
  }
  memcpy(out, state, 16);
}
