/*
 * NOR flash: a chip's own behind an MTD device (mtd.c), or in a file with a disk's rules (ADR 0154).
 *
 * Journal, settings and audit log: a disk that loses power may leave the page that it was writing in whatever state, also bytes
 * beside those that changed. So each page is first written, whole and with a checksum, to the redo record at the file's end, then in
 * place, each time down to the disk; the next start writes a page of which the record holds again. An operation thus happened or
 * not, page by page, and nothing beside it ever changes.
 *
 * Images and compiled code count by their hashes and tags alone, so a torn page there is found out. They are written without waiting
 * for the disk, and are down before the next record of the others, which may say that they are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/linux.h"
#include "chips/linux/mtd.h"
#include "port/crc32.h"

#define PAGE 4096u
#define REDO_BYTES (2u * PAGE)
#define REDO_MAGIC 0x4f444552u

const uint32_t chip_flash_bytes = FLASH_BYTES - REDO_BYTES;
const uint32_t chip_flash_sector_bytes = PAGE;
uint32_t chip_flash_operations;

/* What the page at `address` is to hold; `check` is the CRC-32 of the rest. Lies in the last two pages. */
struct redo {
  uint32_t magic, address, zero, check;
  uint8_t page[PAGE];
};

static int file = -1;
static const uint8_t *flash; /* what is written to the file is seen here at once */
static bool is_mtd;

static uint32_t check_of(const struct redo *redo) {
  return crc32_more(crc32_more(0, redo, offsetof(struct redo, check)), redo->page, PAGE);
}

/* The first address that holds images. What lies below is records. */
#define IMAGES_START REGION_JSA_START

static bool awaits_disk; /* images were written that may not be on the disk yet */

static bool put(const void *bytes, size_t length, uint32_t address) {
  return pwrite(file, bytes, length, (off_t)address) == (ssize_t)length && fdatasync(file) == 0;
}

/* Completes the operation in which power was lost, if there was one. */
static void redo_last(void) {
  struct redo redo;
  if (pread(file, &redo, sizeof redo, chip_flash_bytes) != sizeof redo) stop("it is too short", "flash");
  if (redo.magic != REDO_MAGIC || redo.check != check_of(&redo) || redo.address > chip_flash_bytes - PAGE) return;
  if (memcmp(flash + redo.address, redo.page, PAGE) != 0 && !put(redo.page, PAGE, redo.address))
    stop(strerror(errno), "flash");
}

void chip_flash_start(void) {
  const char *path = getenv("LATCHKEY_FLASH");
  struct stat there;
  file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0 || fstat(file, &there) != 0) stop(strerror(errno), path);
  is_mtd = S_ISCHR(there.st_mode);
  if (is_mtd) {
    mtd_start(file, path);
    return;
  }
  if (S_ISBLK(there.st_mode)) stop("it is a block device (expected a file, or an MTD device as /dev/mtd0)", path);
  if (there.st_size != FLASH_BYTES) stop("it is no flash of this board; make the unit again", path);
  void *mapped = mmap(CODE_PLACE, FLASH_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  if (mapped != CODE_PLACE) stop(strerror(errno), path);
  flash = mapped;
  redo_last();
}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  if (is_mtd) mtd_read(address, bytes, length);
  else memcpy(bytes, flash + address, length);
}

const void *chip_code(uint32_t address, uint32_t length) {
  return is_mtd ? mtd_code(address, length) : flash + address;
}

static void count_operation(void) { kept->flash_operations = ++chip_flash_operations; }

/* Changes bytes within one page. */
static bool change(struct redo *redo, uint32_t address, const uint8_t *bytes, uint32_t length) {
  uint32_t start = address / PAGE * PAGE;
  if (memcmp(flash + address, bytes, length) == 0) return true;
  if (address >= IMAGES_START) {
    awaits_disk = true;
    return pwrite(file, bytes, length, (off_t)address) == (ssize_t)length;
  }
  if (awaits_disk && fdatasync(file) != 0) return false;
  awaits_disk = false;
  *redo = (struct redo){.magic = REDO_MAGIC, .address = start};
  memcpy(redo->page, flash + start, PAGE);
  memcpy(redo->page + (address - start), bytes, length);
  redo->check = check_of(redo);
  return put(redo, sizeof *redo, chip_flash_bytes) && put(redo->page, PAGE, start);
}

bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  static struct redo redo;
  const uint8_t *from = bytes;
  uint8_t cleared[PAGE];
  bool held = true;
  count_operation();
  if (is_mtd) return mtd_write(address, bytes, length);
  while (length > 0 && held) {
    uint32_t part = PAGE - address % PAGE;
    if (part > length) part = length;
    for (uint32_t i = 0; i < part; i++) cleared[i] = flash[address + i] & from[i];
    held = change(&redo, address, cleared, part) && memcmp(flash + address, from, part) == 0;
    address += part;
    from += part;
    length -= part;
  }
  return held;
}

bool chip_flash_erase(uint32_t address) {
  static struct redo redo;
  uint8_t erased[PAGE];
  count_operation();
  if (is_mtd) return mtd_erase(address);
  memset(erased, 0xff, sizeof erased);
  return change(&redo, address, erased, PAGE);
}
