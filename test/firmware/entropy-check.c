/*
 * Starts a unit's random source over flash in a file: `entropy-check FLASH WRITES ONCE`. The power fails before the write
 * or erase of that number; ONCE 1 is flash whose words can be written only once. Prints what the start gave, in
 * hexadecimal, or nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "main/report.h"
#include "port/entropy.h"
#include "port/sodium.h"

#define FLASH_BYTES 8192u

const uint32_t chip_flash_bytes = FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
static uint8_t flash[FLASH_BYTES];
static const char *path;
static long left;
static int once;

static void keep(void) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(flash, 1, sizeof flash, file) != sizeof flash || fclose(file) != 0) exit(2);
}

static void operate(void) {
  if (left-- > 0) return;
  keep();
  exit(0);
}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) { memcpy(bytes, flash + address, length); }
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  const uint8_t *from = bytes;
  operate();
  for (uint32_t i = 0; once && i < length; i++)
    if (flash[address + i] != 0xff) return false;
  for (uint32_t i = 0; i < length; i++) flash[address + i] &= from[i];
  return memcmp(flash + address, from, length) == 0;
}
bool chip_flash_erase(uint32_t address) {
  operate();
  memset(flash + address, 0xff, chip_flash_sector_bytes);
  return true;
}
uint64_t chip_nanoseconds(void) { return 1; }
void report_line(const char *text) { fprintf(stderr, "%s\n", text); }
void report_and_restart(enum reset_reason reason, const char *text) {
  (void)reason;
  report_line(text);
  exit(2);
}
void randombytes_buf(void *memory, size_t length);
void randombytes_buf(void *memory, size_t length) { memset(memory, 0, length); }

int main(int argc, char **argv) {
  uint8_t given[16];
  if (argc != 4) return 2;
  path = argv[1];
  left = atol(argv[2]);
  once = atoi(argv[3]);
  FILE *file = fopen(path, "rb");
  if (file == NULL || fread(flash, 1, sizeof flash, file) != sizeof flash) return 2;
  fclose(file);
  entropy_start();
  bool has_seed = entropy_take(given, sizeof given);
  for (size_t i = 0; has_seed && i < sizeof given; i++) printf("%02x", given[i]);
  keep();
  return 0;
}
