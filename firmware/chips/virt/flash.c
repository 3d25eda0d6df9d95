/*
 * 16 MB of memory behind PCI (pci.c) with the rules of NOR flash: a write only clears bits, a sector is erased as a whole to 0xff.
 * QEMU keeps it in a file (ivshmem-plain), which survives the sudden end of the emulator.
 */
#include <string.h>
#include "chips/chip.h"
#include "chips/virt/pci.h"

#define FLASH ((volatile uint8_t *)PCI_FLASH)

const uint32_t chip_flash_bytes = 16u << 20;
const uint32_t chip_flash_sector_bytes = 4096;

__attribute__((section(".kept"))) uint32_t chip_flash_operations;

void chip_flash_start(void) {}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  memcpy(bytes, (const void *)(FLASH + address), length);
}

const void *chip_code(uint32_t address, uint32_t length) {
  (void)length;
  return (const void *)(FLASH + address);
}

bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  chip_flash_operations++;
  const uint8_t *from = bytes;
  bool held = true;
  for (uint32_t i = 0; i < length; i++) {
    FLASH[address + i] &= from[i];
    held = held && FLASH[address + i] == from[i];
  }
  return held;
}

bool chip_flash_erase(uint32_t address) {
  chip_flash_operations++;
  volatile uint32_t *word = (volatile uint32_t *)(FLASH + address);
  for (uint32_t i = 0; i < chip_flash_sector_bytes / 4; i++) word[i] = 0xffffffffu;
  return true;
}
