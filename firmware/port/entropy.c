/*
 * The emulated chips have no random source, so the station that provisions a unit writes 32 random bytes into the
 * entropy region. Every start hashes the seed into two: the next seed, and the key of this run's generator (ChaCha20 that
 * replaces its key after every use). Before anything is given out, the next seed is in flash and no other one is: neither
 * the old seed nor one that a power cut left behind. So no two starts share a key, and a later reader of the flash cannot
 * go back. A chip with a random source of its own mixes it in.
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
#define PLACE_BYTES chip_flash_padded((uint32_t)sizeof(struct record))
#define RECORDS_A_SECTOR (chip_flash_sector_bytes / PLACE_BYTES)

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
         index % RECORDS_A_SECTOR * PLACE_BYTES;
}

/* Reads what lies there. False when it is erased flash. */
static bool read_record(uint32_t address, struct record *r) {
  chip_flash_read(address, r, sizeof *r);
  for (size_t i = 0; i < sizeof *r; i++)
    if (((const uint8_t *)r)[i] != 0xff) return true;
  return false;
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

static bool write_record(uint32_t address, const struct record *r) {
  uint8_t words[sizeof *r + FLASH_WRITE_BYTES];
  memset(words, 0xff, sizeof words);
  memcpy(words, r, sizeof *r);
  bool held = chip_flash_write(address, words, PLACE_BYTES);
  sodium_memzero(words, sizeof words);
  return held;
}

/* Writes the next record behind the newest one and tells where; a place that a power cut tore is stepped over. */
static bool append(const struct record *next, uint32_t newest_index, uint32_t *at) {
  for (uint32_t step = 1; step <= 2 * RECORDS_A_SECTOR; step++) {
    uint32_t index = (newest_index + step) % (uint32_t)(2 * RECORDS_A_SECTOR);
    if (index % RECORDS_A_SECTOR == 0 && index / RECORDS_A_SECTOR != newest_index / RECORDS_A_SECTOR)
      chip_flash_erase(place(index));
    struct record there;
    *at = index;
    if (!read_record(place(index), &there) && write_record(place(index), next)) return true;
  }
  return false;
}

/* Overwrites the seed of every record but the one at `kept`. False when the flash still holds one. */
static bool overwrite_all_but(uint32_t kept) {
  static const uint8_t spent[sizeof((struct record *)0)->seed];
  bool all = true;
  for (uint32_t i = 0; i < 2 * RECORDS_A_SECTOR; i++) {
    struct record r;
    uint32_t seed_at = place(i) + (uint32_t)offsetof(struct record, seed);
    if (i == kept || !read_record(place(i), &r)) continue;
    bool is_spent = memcmp(r.seed, spent, sizeof spent) == 0;
    /* A word that can be written once is not written a second time: its sector is erased instead. */
    if (!is_spent && (FLASH_WRITE_BYTES > 1 || !chip_flash_write(seed_at, spent, sizeof spent))) all = false;
    sodium_memzero(&r, sizeof r);
  }
  return all;
}

/* Flash whose words can be written only once: the next record moves to the other sector, and its own one is erased. */
static bool erase_all_but(const struct record *next, uint32_t kept) {
  uint32_t other = kept < RECORDS_A_SECTOR ? RECORDS_A_SECTOR : 0;
  return chip_flash_erase(place(other)) && write_record(place(other), next) &&
         chip_flash_erase(place(RECORDS_A_SECTOR - other));
}

void entropy_start(void) {
  struct record r, next;
  uint32_t index = 0, kept = 0;
  uint8_t both[64];
  if (!newest(&r, &index)) {
    report_line("latchkey: no entropy seed was provisioned");
    return;
  }
  crypto_hash_sha512(both, (const uint8_t *)&r, offsetof(struct record, check));
  next.count = r.count + 1;
  memcpy(next.seed, both + 32, 32);
  next.check = check_of(&next);
  if (append(&next, index, &kept) && (overwrite_all_but(kept) || erase_all_but(&next, kept))) {
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
