/* Where flash is read in place: pages of 64 KB, each by an entry of the cache's table. */
#pragma once
#include <stdint.h>

#define MAP_PAGE_BYTES 0x10000u

#ifdef CHIP_ESP32C3
/* A table of words, one an entry; instructions and data have the same entries at two addresses. */
#define MAP_DATA 0x3c000000u
#define MAP_CODE 0x42000000u
/* RAM has two addresses: what it has for data, of one that may be for instructions. */
static inline uint32_t map_ram(uint32_t address) { return address >= 0x40380000u && address < 0x403e0000u ? address - 0x700000u : address; }
#define MAP_ENTRIES 128u
static inline void map_set(uint32_t entry, uint32_t page) { ((volatile uint32_t *)0x600c5000u)[entry] = page; }
#else
/* An entry by its number, then its content, of which bit 9 says that it holds. */
#define MAP_DATA 0x42000000u
#define MAP_CODE MAP_DATA
static inline uint32_t map_ram(uint32_t address) { return address; }
#define MAP_ENTRIES 256u
static inline void map_set(uint32_t entry, uint32_t page) {
  *(volatile uint32_t *)0x60002380u = entry;
  *(volatile uint32_t *)0x6000237cu = page | 1u << 9;
}
#endif

/* The whole flash lies once more in the upper half of the table, at addresses that no image uses. */
#define WINDOW_ENTRY (MAP_ENTRIES / 2u)
#define WINDOW (MAP_DATA + WINDOW_ENTRY * MAP_PAGE_BYTES)
