#include "chips/host/flash-cut.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void chip_power_lost(void) __attribute__((noreturn));

static enum { NEVER, BEFORE, HALF, LAST_BYTE, AFTER } tear;
static uint32_t operations, cut_at, rot_at, rotten; /* the address; 0 for none */
static bool traced;

uint8_t *flash_cut_start(void *place) {
  static const char *const names[] = {"never", "before", "half", "last-byte", "after"};
  const char *path = getenv("CHIP_FLASH"), *cut = getenv("CHIP_CUT"), *done = getenv("CHIP_OPERATIONS");
  const char *rot = getenv("CHIP_ROT");
  int file = path ? open(path, O_RDWR) : -1;
  void *flash = file < 0 ? MAP_FAILED : mmap(place, HOST_FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | (place ? MAP_FIXED : 0), file, 0);
  if (flash == MAP_FAILED) {
    perror("host chip: CHIP_FLASH");
    exit(2);
  }
  close(file);
  traced = getenv("CHIP_TRACE") != NULL;
  if (done) operations = (uint32_t)strtoul(done, NULL, 10);
  if (rot) sscanf(rot, "%u:%u", &rot_at, &rotten);
  if (cut == NULL) return flash;
  cut_at = (uint32_t)strtoul(cut, NULL, 10);
  const char *name = strchr(cut, ':');
  for (unsigned i = BEFORE; name && i <= AFTER; i++)
    if (strcmp(name + 1, names[i]) == 0) tear = i;
  return flash;
}

/* Numbers the operation, and says how far it gets; NEVER where no power fails. */
static unsigned begin(uint8_t *flash, char kind, uint32_t address, uint32_t length, unsigned third) {
  char number[12];
  uint32_t mine = operations++;
  snprintf(number, sizeof number, "%u", operations);
  setenv("CHIP_OPERATIONS", number, 1);
  if (traced) fprintf(stderr, "%c %u %u %u\n", kind, address, length, third);
  if (rotten && mine == rot_at) flash[rotten] &= (uint8_t)(flash[rotten] - 1);
  return tear != NEVER && mine == cut_at ? tear : NEVER;
}

static void lose_power(void) {
  unsetenv("CHIP_CUT");
  chip_power_lost();
}

void flash_cut_write(char kind, uint8_t *flash, uint32_t address, const uint8_t *from, uint32_t length) {
  unsigned end = begin(flash, kind, address, length, length > 2 ? from[2] : 0);
  uint32_t most = end == BEFORE ? 0 : end == HALF ? length / 2 : end == LAST_BYTE ? length - 1 : length;
  for (uint32_t i = 0; i < most; i++) flash[address + i] &= from[i];
  if (end != NEVER) lose_power();
}

void flash_cut_erase(uint8_t *flash, uint32_t address, uint32_t length) {
  unsigned end = begin(flash, 'e', address, length, 0);
  if (end == HALF) memset(flash + address, 0xff, length / 2);
  else if (end == LAST_BYTE) /* an erase that stops short: some bits are set, all over the sector */
    for (uint32_t i = 0; i < length; i++) flash[address + i] |= (uint8_t)((address + i) * 0x9e3779b1u >> 24);
  else if (end != BEFORE) memset(flash + address, 0xff, length);
  if (end != NEVER) lose_power();
}
