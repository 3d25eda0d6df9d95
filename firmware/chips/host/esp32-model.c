/*
 * What chips/esp32/flash.c, entropy.c and secret.c stand on, as a model: flash is read through a cache, which holds what it read first until it is told to
 * forget it, and the mask ROM writes words within one page of 256 bytes, from RAM, with interrupts off. Whoever does otherwise ends the
 * program here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/map.h"
#include "chips/esp32/radio.h"
#include "chips/esp32/rom.h"
#include "chips/host/flash-cut.h"
#include "crypto_hash_sha256.h"

#define PAGE_BYTES 256u
#define SECTOR_BYTES 4096u

static uint8_t *flash, *cache;
static bool interrupts_are_off;

static void refuse(const char *what, uint32_t address) {
  fprintf(stderr, "host chip: %s at %u\n", what, address);
  abort();
}

uint32_t interrupts_off(void) {
  uint32_t before = interrupts_are_off;
  interrupts_are_off = true;
  return before;
}
void interrupts_restore(uint32_t before) { interrupts_are_off = before; }

/* The flash as it was read first: pages of the file, each on its own from when `remember` touches it. */
static uint8_t *map_file(void *place) {
  int file = open(getenv("CHIP_FLASH"), O_RDWR);
  uint8_t *mapped = mmap(place, HOST_FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
  close(file);
  if (mapped != place) refuse("no memory for the cache", WINDOW);
  return mapped;
}

static uint32_t stale_at, stale_bytes;

/* What is about to be changed stays in the cache as it was. */
static void remember(uint32_t address, uint32_t bytes) {
  volatile uint8_t *at = cache + address;
  for (uint32_t i = 0; i < bytes; i++) at[i] = at[i];
  stale_at = address;
  stale_bytes = bytes;
}

void map_set(uint32_t entry, uint32_t page) {
  void *place = (void *)(uintptr_t)WINDOW;
  if (entry != WINDOW_ENTRY + page) refuse("the map has another page", page);
  if (cache) return;
  flash = flash_cut_start(NULL);
  cache = map_file(place);
}

void Cache_Invalidate_Addr(uint32_t address, uint32_t length) {
  uint32_t from = address - WINDOW;
  if (length < HOST_FLASH_BYTES) memcpy(cache + from, flash + from, length);
  if (from <= stale_at && stale_at + stale_bytes <= from + length) stale_bytes = 0;
}

int esp_rom_spiflash_unlock(void) { return 0; }

static void check(uint32_t address, uint32_t bytes) {
  if (!interrupts_are_off) refuse("interrupts are on while flash can't be read", address);
  if (stale_bytes > 0) refuse("the cache still holds what was there before", stale_at);
  remember(address, bytes);
}

int esp_rom_spiflash_write(uint32_t address, const uint32_t *words, int32_t length) {
  static uint32_t known;
  const uint8_t *from = (const uint8_t *)words;
  uint32_t bytes = (uint32_t)length, blank = 0;
  check(address, bytes);
  if (address % 4 != 0 || bytes % 4 != 0) refuse("a write of no whole words", address);
  if (address / PAGE_BYTES != (address + bytes - 1) / PAGE_BYTES) refuse("a write of two pages", address);
  if (from < cache + HOST_FLASH_BYTES && from + bytes > cache) refuse("a write from flash", address);
  while (blank < 3 && from[blank] == 0xff) blank++;
  flash_cut_write(known == chip_flash_operations ? 'c' : 'w', flash, address + blank, from + blank, bytes - blank);
  known = chip_flash_operations;
  return 0;
}

int esp_rom_spiflash_erase_sector(uint32_t sector) {
  check(sector * SECTOR_BYTES, SECTOR_BYTES);
  flash_cut_erase(flash, sector * SECTOR_BYTES, SECTOR_BYTES);
  return 0;
}

/* Noise, by a clock that moves when it is looked at. */
bool radio_is_on(void) { return true; }
uint64_t esp32_microseconds(void) {
  static uint64_t now_us;
  return now_us += 10;
}
uint32_t esp32_random(void) {
  uint32_t word;
  if (getrandom(&word, sizeof word, 0) != sizeof word) refuse("no random number", 0);
  return word;
}

#define FUSE_WORDS 6u
#define FUSE_KEY_BYTES 32u
#define SHA_BLOCK_BYTES 64u

/* The fuses as they left the factory, or a file: block 0, then the six keys. */
static void fuses(size_t place, void *bytes, size_t length) {
  const char *path = getenv("CHIP_FUSES");
  memset(bytes, 0, length);
  if (path == NULL) return;
  int file = open(path, O_RDONLY);
  if (pread(file, bytes, length, (off_t)place) != (ssize_t)length) refuse("no such fuses", (uint32_t)place);
  close(file);
}

uint32_t fuse_word(uint32_t word) {
  uint32_t value;
  fuses(word * sizeof value, &value, sizeof value);
  return value;
}

static void hash_keyed(const uint8_t key[FUSE_KEY_BYTES], uint8_t with, const uint8_t *message, size_t length, uint8_t result[32]) {
  uint8_t pad[SHA_BLOCK_BYTES];
  crypto_hash_sha256_state state;
  memset(pad, with, sizeof pad);
  for (size_t i = 0; i < FUSE_KEY_BYTES; i++) pad[i] ^= key[i];
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, pad, sizeof pad);
  crypto_hash_sha256_update(&state, message, length);
  crypto_hash_sha256_final(&state, result);
}

/* RFC 2104. The peripheral reads a key that software can't, and compares its purpose, four bits each from bit 88 on. */
bool esp32_hmac(uint32_t number, const uint8_t *message, size_t length, uint8_t result[32]) {
  uint8_t key[FUSE_KEY_BYTES], inner[32];
  uint32_t bit = 88u + 4u * number;
  if ((fuse_word(bit / 32u) >> bit % 32u & 15u) != 8u) return false;
  fuses(FUSE_WORDS * 4u + number * FUSE_KEY_BYTES, key, sizeof key);
  hash_keyed(key, 0x36, message, length, inner);
  hash_keyed(key, 0x5c, inner, sizeof inner, result);
  return true;
}
