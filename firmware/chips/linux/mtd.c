/*
 * NOR flash behind an MTD character device. Its rules are those that the runtime and the boot stage were made for, and each call
 * returns when the chip is done, so nothing is written twice. The device can't be mapped: compiled code is copied to memory.
 */
#include "chips/linux/mtd.h"
#include <errno.h>
#include <mtd/mtd-user.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/linux.h"
#include "main/report.h"

#define BLOCK 4096u /* compared at a time */

static int flash = -1;
static uint32_t block_bytes;
static uint8_t *copy;

void mtd_start(int device, const char *path) {
  struct mtd_info_user info;
  flash = device;
  if (ioctl(flash, (int)MEMGETINFO, &info) != 0) stop("it is no MTD device (expected a file, or an MTD device as /dev/mtd0)", path);
  /* NAND and NOR with an error correction of its own write whole words once; records need single bits. */
  if (!(info.flags & MTD_BIT_WRITEABLE) || info.writesize != 1)
    stop("it is no NOR flash whose single bits can be written; keep the flash in a file on UBIFS or ext4", path);
  if (info.erasesize == 0 || chip_flash_sector_bytes % info.erasesize != 0)
    stop("it erases more than 4096 bytes at once; keep the flash in a file on JFFS2 or ext4", path);
  if (info.size < FLASH_BYTES) stop("it is smaller than this board's flash (flash.bytes of board.json)", path);
  block_bytes = info.erasesize;
  copy = mmap(CODE_PLACE, FLASH_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (copy != CODE_PLACE) stop(strerror(errno), path);
}

static bool read_all(uint32_t address, void *bytes, uint32_t length) {
  uint8_t *into = bytes;
  while (length > 0) {
    ssize_t had = pread(flash, into, length, (off_t)address);
    if (had < 0 && errno == EINTR) continue;
    if (had <= 0) return false;
    into += had;
    address += (uint32_t)had;
    length -= (uint32_t)had;
  }
  return true;
}

void mtd_read(uint32_t address, void *bytes, uint32_t length) {
  if (!read_all(address, bytes, length)) report_and_restart(RESET_FAULT, "the flash can't be read");
}

/* What the flash really holds, not what the driver was told to write. */
static bool holds(uint32_t address, const uint8_t *bytes, uint32_t length) {
  uint8_t there[BLOCK];
  while (length > 0) {
    uint32_t part = length < BLOCK ? length : BLOCK;
    if (!read_all(address, there, part) || memcmp(there, bytes, part) != 0) return false;
    address += part;
    bytes += part;
    length -= part;
  }
  return true;
}

bool mtd_write(uint32_t address, const void *bytes, uint32_t length) {
  const uint8_t *from = bytes;
  for (uint32_t done = 0; done < length;) {
    ssize_t put = pwrite(flash, from + done, length - done, (off_t)(address + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += (uint32_t)put;
  }
  return holds(address, from, length);
}

bool mtd_erase(uint32_t address) {
  uint8_t erased[BLOCK];
  for (uint32_t at = 0; at < chip_flash_sector_bytes; at += block_bytes) {
    struct erase_info_user block = {.start = address + at, .length = block_bytes};
    if (ioctl(flash, (int)MEMERASE, &block) != 0) return false;
  }
  memset(erased, 0xff, sizeof erased);
  return holds(address, erased, chip_flash_sector_bytes);
}

const void *mtd_code(uint32_t address, uint32_t length) {
  if (length == 0) return copy + address;
  /* Written only here, and read alone otherwise, as a mapped file would be. */
  madvise(copy, FLASH_BYTES, MADV_DONTNEED);
  if (mprotect(copy, FLASH_BYTES, PROT_READ | PROT_WRITE) != 0) report_and_restart(RESET_FAULT, "no memory for compiled code");
  mtd_read(address, copy + address, length);
  mprotect(copy, FLASH_BYTES, PROT_READ);
  return copy + address;
}
