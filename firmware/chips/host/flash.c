/*
 * NOR flash in a file whose power fails in one chosen operation (CHIP_CUT=NUMBER:TEAR, counted from the first start),
 * which is left as the tear says: then the boot stage starts as after any power cut, and no further cut comes. A cell
 * may lose its charge as well: CHIP_ROT=NUMBER:ADDRESS turns a bit of that byte before that operation. With CHIP_TRACE
 * operations are told on standard error.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "chips/chip.h"

/* The same at each start, and below 4 GB: compiled code holds addresses. */
#define FLASH_PLACE ((void *)0x70000000)

void chip_power_lost(void) __attribute__((noreturn));

const uint32_t chip_flash_bytes = HOST_FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
uint32_t chip_flash_operations;

static uint8_t *flash;
static enum { NEVER, BEFORE, HALF, LAST_BYTE, AFTER } tear;
static uint32_t cut_at, rot_at, rotten; /* the address; 0 for none */
static bool traced;

void chip_flash_start(void) {
  static const char *const names[] = {"never", "before", "half", "last-byte", "after"};
  const char *path = getenv("CHIP_FLASH"), *cut = getenv("CHIP_CUT"), *done = getenv("CHIP_OPERATIONS");
  const char *rot = getenv("CHIP_ROT");
  int file = path ? open(path, O_RDWR) : -1;
  flash = file < 0 ? MAP_FAILED : mmap(FLASH_PLACE, HOST_FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  if (flash == MAP_FAILED) {
    perror("host chip: CHIP_FLASH");
    exit(2);
  }
  close(file);
  traced = getenv("CHIP_TRACE") != NULL;
  if (done) chip_flash_operations = (uint32_t)strtoul(done, NULL, 10);
  if (rot) sscanf(rot, "%u:%u", &rot_at, &rotten);
  if (cut == NULL) return;
  cut_at = (uint32_t)strtoul(cut, NULL, 10);
  const char *name = strchr(cut, ':');
  for (unsigned i = BEFORE; name && i <= AFTER; i++)
    if (strcmp(name + 1, names[i]) == 0) tear = i;
}

/* Numbers the operation, and says how far it gets: AFTER also where no power fails. */
static unsigned begin(char kind, uint32_t address, uint32_t length, unsigned first) {
  char number[12];
  uint32_t mine = chip_flash_operations++;
  snprintf(number, sizeof number, "%u", chip_flash_operations);
  setenv("CHIP_OPERATIONS", number, 1);
  if (traced) fprintf(stderr, "%c %u %u %u\n", kind, address, length, first);
  if (rotten && mine == rot_at) flash[rotten] &= (uint8_t)(flash[rotten] - 1);
  return tear != NEVER && mine == cut_at ? tear : NEVER;
}

static void lose_power(void) {
  unsetenv("CHIP_CUT");
  chip_power_lost();
}

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
  const uint8_t *from = bytes;
#if FLASH_WRITE_BYTES > 1
  check_words(address, from, length);
#endif
  unsigned end = begin('w', address, length, length > 2 ? from[2] : 0);
  uint32_t most = end == BEFORE ? 0 : end == HALF ? length / 2 : end == LAST_BYTE ? length - 1 : length;
  for (uint32_t i = 0; i < most; i++) flash[address + i] &= from[i];
  if (end != NEVER) lose_power();
  return memcmp(flash + address, from, length) == 0;
}

bool chip_flash_erase(uint32_t address) {
  unsigned end = begin('e', address, chip_flash_sector_bytes, 0);
  if (end == HALF) memset(flash + address, 0xff, chip_flash_sector_bytes / 2);
  else if (end == LAST_BYTE) /* an erase that stops short: some bits are set, all over the sector */
    for (uint32_t i = 0; i < chip_flash_sector_bytes; i++) flash[address + i] |= (uint8_t)((address + i) * 0x9e3779b1u >> 24);
  else if (end != BEFORE) memset(flash + address, 0xff, chip_flash_sector_bytes);
  if (end != NEVER) lose_power();
  return true;
}
