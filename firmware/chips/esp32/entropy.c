/*
 * Random bytes from the chip's own generator, whose noise comes from the radio: chip_listen has it on before the first byte is asked
 * for, and it stays on. What it gives is hashed into the key of a ChaCha20 generator, which replaces its key after each use and
 * mixes new noise in, so that one weak moment of the noise gives nothing away.
 */
#include "port/entropy.h"
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/radio.h"
#include "crypto_hash_sha512.h"
#include "crypto_stream_chacha20.h"
#include "main/report.h"
#include "port/sodium.h"

#define FIRST_WORDS 64u
#define WORD_US 10u /* the generator is fed less often than it can be read */

static uint8_t key[32];
static bool seeded;

static void gather(uint32_t *words, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    uint64_t from_us = esp32_microseconds();
    while (esp32_microseconds() - from_us < WORD_US) {
    }
    words[i] = esp32_random();
  }
}

void entropy_start(void) {
  uint32_t words[FIRST_WORDS];
  uint8_t both[64];
  if (!radio_is_on()) {
    report_line("latchkey: no radio, so no random numbers");
    return;
  }
  gather(words, FIRST_WORDS);
  crypto_hash_sha512(both, (const uint8_t *)words, sizeof words);
  memcpy(key, both, sizeof key);
  seeded = true;
  sodium_memzero(words, sizeof words);
  sodium_memzero(both, sizeof both);
}

bool entropy_take(void *out, size_t length) {
  static const uint8_t zero_nonce[8], first_nonce[8] = {1};
  uint8_t next[32];
  uint32_t noise;
  if (!seeded) return false;
  crypto_stream_chacha20(out, length, first_nonce, key);
  crypto_stream_chacha20(next, sizeof next, zero_nonce, key);
  gather(&noise, 1);
  for (size_t i = 0; i < sizeof noise; i++) next[i] ^= (uint8_t)(noise >> 8 * i);
  memcpy(key, next, sizeof key);
  sodium_memzero(next, sizeof next);
  return true;
}

uint32_t entropy_word(void) {
  uint32_t word = (uint32_t)chip_nanoseconds();
  entropy_take(&word, sizeof word);
  return word;
}
