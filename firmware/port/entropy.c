/*
 * The emulated chips have no random source, so the station that provisions a unit writes 32 random bytes into the
 * entropy region. Every start hashes the seed into two: the next seed, written to flash and the old one overwritten
 * BEFORE anything is given out, and the key of this run's generator (ChaCha20 that replaces its key after every use).
 * No two starts share a key, and who reads the flash later can't go back. A chip with a source of its own mixes it in.
 */
#include "port/entropy.h"
#include <string.h>
#include "chips/chip.h"
#include "crypto_hash_sha512.h"
#include "crypto_stream_chacha20.h"
#include "main/report.h"
#include "port/crc32.h"
#include "port/sodium.h"

#ifndef REGION_ENTROPY_START
#error "board.json gives the entropy region"
#endif
#define RECORDS_A_SECTOR (chip_flash_sector_bytes / (uint32_t)sizeof(struct record))

/* 40 bytes; `check` is the CRC-32 of the rest. */
struct record {
  uint32_t count;
  uint8_t seed[32];
  uint32_t check;
};

static uint8_t key[32];
static bool seeded;

static uint32_t check_of(const struct record *r) { return crc32_more(0, r, offsetof(struct record, check)); }

static uint32_t place(uint32_t index) {
  uint32_t sector = index / RECORDS_A_SECTOR % 2;
  return REGION_ENTROPY_START + sector * chip_flash_sector_bytes +
         index % RECORDS_A_SECTOR * (uint32_t)sizeof(struct record);
}

static bool blank(uint32_t address) {
  struct record r;
  chip_flash_read(address, &r, sizeof r);
  for (size_t i = 0; i < sizeof r; i++)
    if (((uint8_t *)&r)[i] != 0xff) return false;
  return true;
}

/* The newest whole record and the index it lies at. */
static bool newest(struct record *best, uint32_t *index) {
  bool found = false;
  for (uint32_t i = 0; i < 2 * RECORDS_A_SECTOR; i++) {
    struct record r;
    chip_flash_read(place(i), &r, sizeof r);
    if (r.check != check_of(&r) || r.count == 0xffffffffu || (found && r.count <= best->count)) continue;
    *best = r;
    *index = i;
    found = true;
  }
  return found;
}

/* Writes the next record behind the newest one; a place that a power cut tore is stepped over. */
static bool append(const struct record *next, uint32_t newest_index) {
  for (uint32_t step = 1; step <= 2 * RECORDS_A_SECTOR; step++) {
    uint32_t index = (newest_index + step) % (uint32_t)(2 * RECORDS_A_SECTOR);
    if (index % RECORDS_A_SECTOR == 0 && index / RECORDS_A_SECTOR != newest_index / RECORDS_A_SECTOR)
      chip_flash_erase(place(index));
    if (blank(place(index)) && chip_flash_write(place(index), next, sizeof *next)) return true;
  }
  return false;
}

void entropy_start(void) {
  static const uint8_t spent[32];
  struct record r, next;
  uint32_t index = 0;
  uint8_t both[64];
  if (!newest(&r, &index)) {
    report_line("latchkey: no entropy seed was provisioned");
    return;
  }
  crypto_hash_sha512(both, (const uint8_t *)&r, offsetof(struct record, check));
  next.count = r.count + 1;
  memcpy(next.seed, both + 32, 32);
  next.check = check_of(&next);
  if (append(&next, index)) {
    chip_flash_write(place(index) + offsetof(struct record, seed), spent, sizeof spent);
    memcpy(key, both, 32);
    seeded = true;
  } else {
    report_line("latchkey: the entropy region does not hold what is written");
  }
  sodium_memzero(both, sizeof both);
  sodium_memzero(&next, sizeof next);
  sodium_memzero(&r, sizeof r);
}

bool entropy_take(void *out, size_t length) {
  static const uint8_t zero_nonce[8], first_nonce[8] = {1};
  uint8_t next[32];
  if (!seeded) return false;
  crypto_stream_chacha20(next, sizeof next, zero_nonce, key);
  crypto_stream_chacha20(out, length, first_nonce, key);
  memcpy(key, next, sizeof key);
  sodium_memzero(next, sizeof next);
  return true;
}

uint32_t entropy_word(void) {
  uint32_t word = (uint32_t)chip_nanoseconds();
  entropy_take(&word, sizeof word);
  return word;
}
