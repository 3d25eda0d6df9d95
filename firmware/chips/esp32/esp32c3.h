/* What the ESP32-C3 has of its own: addresses as in the vendor's reference manual and the crate esp32c3. */
#pragma once
#include <stdint.h>
#include "chips/esp32/interrupts.h"

/* Instructions and data in flash have the same entries of one table, a word each, at two addresses. */
#define MAP_DATA 0x3c000000u
#define MAP_CODE 0x42000000u
#define MAP_ENTRIES 128u
static inline void map_set(uint32_t entry, uint32_t page) { ((volatile uint32_t *)0x600c5000u)[entry] = page; }
/* RAM has two addresses: what it has for data, of one that may be for instructions. */
static inline uint32_t map_ram(uint32_t address) { return address >= 0x40380000u && address < 0x403e0000u ? address - 0x700000u : address; }

/* Block 0 of the fuses, six words from EFUSE_RD_WR_DIS on. */
static inline uint32_t fuse_word(uint32_t word) { return ((volatile uint32_t *)0x6000882cu)[word]; }

#define SYSTIMER_ADDRESS 0x60023000u
#define USB_ADDRESS 0x60043000u
#define CACHE_CONTROL_ADDRESS 0x600c4004u /* bits 0 and 1 close its buses */
#define WATCHDOG_FEED_ADDRESS 0x600080a4u
#define WATCHDOG_LOCK_ADDRESS 0x600080a8u
