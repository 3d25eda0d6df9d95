/*
 * The flash of the module: read in place through the cache, written by the mask ROM. Nothing can be read while it is written or
 * erased, so interrupts are off for that long (a page 0.7 ms, a sector some 45 ms), and the code here lies in RAM.
 */
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/map.h"
#include "chips/esp32/rom.h"

#define IN_RAM __attribute__((section(".rwtext.flash"), noinline))
#define PAGE_BYTES 256u
#define SECTOR_BYTES 4096u

const uint32_t chip_flash_bytes = FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = SECTOR_BYTES;
__attribute__((section(".kept"))) uint32_t chip_flash_operations;

static const uint8_t *at(uint32_t address) { return (const uint8_t *)(uintptr_t)(WINDOW + address); }

void chip_flash_start(void) {
  for (uint32_t page = 0; page < FLASH_BYTES / MAP_PAGE_BYTES; page++) map_set(WINDOW_ENTRY + page, page);
  Cache_Invalidate_Addr(WINDOW, FLASH_BYTES);
  esp_rom_spiflash_unlock();
}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) { memcpy(bytes, at(address), length); }

const void *chip_code(uint32_t address, uint32_t length) {
  (void)length;
  return at(address);
}

static IN_RAM int program(uint32_t address, const uint32_t *words, uint32_t length) {
  uint32_t before = interrupts_off();
  int result = esp_rom_spiflash_write(address, words, (int32_t)length);
  Cache_Invalidate_Addr(WINDOW + address, length);
  interrupts_restore(before);
  return result;
}

static IN_RAM int erase(uint32_t address) {
  uint32_t before = interrupts_off();
  int result = esp_rom_spiflash_erase_sector(address / SECTOR_BYTES);
  Cache_Invalidate_Addr(WINDOW + address, SECTOR_BYTES);
  interrupts_restore(before);
  return result;
}

/* The ROM writes whole words: what lies around the bytes is written as ones, which changes nothing. */
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  uint32_t words[PAGE_BYTES / 4];
  const uint8_t *from = bytes;
  bool held = true;
  chip_flash_operations++;
  while (length > 0 && held) {
    uint32_t part = PAGE_BYTES - address % PAGE_BYTES, before = address % 4u;
    if (part > length) part = length;
    uint32_t whole = (before + part + 3u) / 4u * 4u;
    memset(words, 0xff, whole);
    memcpy((uint8_t *)words + before, from, part);
    held = program(address - before, words, whole) == 0 && memcmp(at(address), from, part) == 0;
    address += part;
    from += part;
    length -= part;
  }
  return held;
}

bool chip_flash_erase(uint32_t address) {
  chip_flash_operations++;
  return erase(address) == 0;
}
