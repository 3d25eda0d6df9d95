/* The ESP32's chip file (chips/esp32/map.h) for this machine: esp32-model.c stands for cache and mask ROM. */
#pragma once
#include <stdint.h>

#define MAP_DATA 0x6fc00000u
#define MAP_ENTRIES 128u
uint32_t fuse_word(uint32_t word);
void map_set(uint32_t entry, uint32_t page);
uint32_t interrupts_off(void);
void interrupts_restore(uint32_t before);
