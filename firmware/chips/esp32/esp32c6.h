/* What the ESP32-C6 has of its own: addresses as in the vendor's reference manual and the crate esp32c6. */
#pragma once
#include <stdint.h>
#include "chips/esp32/interrupts.h"

/* Instructions and data in flash lie at the same addresses. An entry is set by its number, then its content; bit 9 says that it holds. */
#define MAP_DATA 0x42000000u
#define MAP_CODE MAP_DATA
#define MAP_ENTRIES 256u
static inline void map_set(uint32_t entry, uint32_t page) {
  *(volatile uint32_t *)0x60002380u = entry;
  *(volatile uint32_t *)0x6000237cu = page | 1u << 9;
}
static inline uint32_t map_ram(uint32_t address) { return address; }

/* Block 0 of the fuses, six words from EFUSE_RD_WR_DIS on. */
static inline uint32_t fuse_word(uint32_t word) { return ((volatile uint32_t *)0x600b082cu)[word]; }

#define SYSTIMER_ADDRESS 0x6000a000u
#define USB_ADDRESS 0x6000f000u
#define CACHE_CONTROL_ADDRESS 0x600c8004u /* bits 0 and 1 close its buses */
#define WATCHDOG_FEED_ADDRESS 0x600b1c14u
#define WATCHDOG_LOCK_ADDRESS 0x600b1c18u
