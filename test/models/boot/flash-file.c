/* The boot stage's reading of settings over a flash image from standard input: prints how long the key set before is. */
#include <stdio.h>
#include <string.h>
#include "boot/settings.h"
#include "chips/chip.h"

static uint8_t flash[EVA_FLASH_BYTES];
const uint32_t chip_flash_bytes = EVA_FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
void chip_flash_read(uint32_t address, void *bytes, uint32_t length) { memcpy(bytes, flash + address, length); }
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) { return address && bytes && length; }

int main(void) {
  static struct settings settings;
  memset(flash, 0xff, sizeof flash);
  if (fread(flash, 1, sizeof flash, stdin) == 0) return 2;
  settings_read(&settings);
  printf("%u\n", (unsigned)settings.key_set_bytes[1]);
  return 0;
}
