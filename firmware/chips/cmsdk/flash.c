/*
 * The board's 16 MB PSRAM with the rules of NOR flash: a write only clears bits, a sector is erased as a whole to 0xff.
 * QEMU keeps it in a file (memory-backend=nv), which survives the sudden end of the emulator.
 */
#include <string.h>
#include "chips/chip.h"

#define PSRAM ((volatile uint8_t *)0x21000000u)

const uint32_t chip_flash_bytes = 16u << 20;
const uint32_t chip_flash_sector_bytes = 4096;

__attribute__((section(".kept"))) uint32_t chip_flash_operations;

void chip_flash_start(void) {}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  memcpy(bytes, (const void *)(PSRAM + address), length);
}

const void *chip_code(uint32_t address, uint32_t length) {
  (void)length;
  return (const void *)(PSRAM + address);
}

bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  chip_flash_operations++;
  const uint8_t *from = bytes;
  bool held = true;
  for (uint32_t i = 0; i < length; i++) {
    PSRAM[address + i] &= from[i];
    held = held && PSRAM[address + i] == from[i];
  }
  return held;
}

bool chip_flash_erase(uint32_t address) {
  chip_flash_operations++;
  volatile uint32_t *word = (volatile uint32_t *)(PSRAM + address);
  for (uint32_t i = 0; i < chip_flash_sector_bytes / 4; i++) word[i] = 0xffffffffu;
  return true;
}
