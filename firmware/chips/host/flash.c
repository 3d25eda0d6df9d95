/* NOR flash in a file, whose power may fail (flash-cut.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "chips/host/flash-cut.h"

/* The same at each start, and below 4 GB: compiled code holds addresses. */
#define FLASH_PLACE ((void *)0x70000000)

const uint32_t chip_flash_bytes = HOST_FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
uint32_t chip_flash_operations;

static uint8_t *flash;

void chip_flash_start(void) { flash = flash_cut_start(FLASH_PLACE); }
void chip_flash_read(uint32_t address, void *bytes, uint32_t length) { memcpy(bytes, flash + address, length); }
const void *chip_code(uint32_t address, uint32_t length) {
  (void)length;
  return flash + address;
}

#if FLASH_WRITE_BYTES > 1
/* Such flash takes whole words, each once between two erases: anything else spoils it, and ends the program here. */
static void check_words(uint32_t address, const uint8_t *from, uint32_t length) {
  bool whole = address % FLASH_WRITE_BYTES == 0 && length % FLASH_WRITE_BYTES == 0;
  for (uint32_t i = 0; whole && i < length; i += FLASH_WRITE_BYTES) {
    bool blank = true, nothing = true;
    for (uint32_t k = i; k < i + FLASH_WRITE_BYTES; k++) {
      blank = blank && flash[address + k] == 0xff;
      nothing = nothing && from[k] == 0xff;
    }
    whole = blank || nothing;
  }
  if (whole) return;
  fprintf(stderr, "host chip: a write of %u bytes at %u is no whole blank words of %u\n", length, address, FLASH_WRITE_BYTES);
  abort();
}
#endif

bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
#if FLASH_WRITE_BYTES > 1
  check_words(address, bytes, length);
#endif
  chip_flash_operations++;
  flash_cut_write('w', flash, address, bytes, length);
  return memcmp(flash + address, bytes, length) == 0;
}

bool chip_flash_erase(uint32_t address) {
  chip_flash_operations++;
  flash_cut_erase(flash, address, chip_flash_sector_bytes);
  return true;
}
