/*
 * A NOR chip behind an MTD device, for a program that is linked with `--wrap` of these four calls: a regular file of the flash's size
 * is such a device to it. The chip takes its time, and changes bits in the file while it does, so that a kill ends it in the middle:
 * a program then has cleared any of its bits, and an erase has first cleared, then set any bits of its block. As on a chip, nobody sees
 * more than the bits, and a program can only clear them.
 *
 * What it is at stands in FILE.chip, as `struct state`. Chips for 4 KB typically take this long for a page and for a block; their most is ten times that.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define PAGE 256u
#define PROGRAM_NS 500000l
#define ERASE_NS 45000000l
#define PROGRAM_STEPS 4
#define CLEAR_STEPS 8
#define ERASE_STEPS 24

int __real_fstat(int fd, struct stat *out);
int __real_ioctl(int fd, int request, void *argument);
ssize_t __real_pwrite(int fd, const void *bytes, size_t length, off_t at);
int __wrap_fstat(int fd, struct stat *out);
int __wrap_ioctl(int fd, int request, ...);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t at);

struct state {
  uint32_t operation; /* 0 for none */
  uint32_t programs, erases;
  uint32_t cut_program, cut_erase; /* power fails within this one, the first being 1; 0 for none */
};
enum { PROGRAM = 1, ERASE };

static int device = -1;
static uint8_t *chip;
static struct state *state;

static void spend(long ns) {
  struct timespec left = {.tv_nsec = ns};
  nanosleep(&left, NULL);
}

/* Bits in which a changes to b, with a chance of 1 in `of` each. */
static void move_some(uint8_t *a, const uint8_t *b, uint32_t length, uint32_t of) {
  static uint8_t random[BLOCK];
  uint8_t chances[BLOCK];
  memset(chances, 0xff, length);
  for (uint32_t denominator = 1; denominator < of; denominator *= 2) {
    for (uint32_t got = 0; got < length;) got += (uint32_t)getrandom(random + got, length - got, 0);
    for (uint32_t i = 0; i < length; i++) chances[i] &= random[i];
  }
  for (uint32_t i = 0; i < length; i++) a[i] = (uint8_t)(a[i] ^ ((a[i] ^ b[i]) & chances[i]));
}

/* The unit and its supervisor. */
static void lose_power(void) {
  kill(getppid(), SIGKILL);
  kill(getpid(), SIGKILL);
}

/* @param cut_step Behind which power fails; none when it is beyond the last. */
static void change(uint8_t *block, const uint8_t *wanted, uint32_t length, uint32_t steps, long ns, uint32_t cut_step) {
  for (uint32_t step = 0; step < steps; step++) {
    move_some(block, wanted, length, steps - step);
    if (step == cut_step) lose_power();
    spend(ns / (long)steps);
  }
}

static uint32_t step_of(bool is_cut, uint32_t steps) {
  uint32_t random = 0;
  (void)!getrandom(&random, sizeof random, 0);
  return is_cut ? random % steps : UINT32_MAX;
}

static void map_chip(int fd, const char *path) {
  char name[4096];
  snprintf(name, sizeof name, "%s.chip", path ? path : "");
  int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof *state) != 0) abort();
  state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  chip = mmap(NULL, FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (state == MAP_FAILED || chip == MAP_FAILED) abort();
  close(file);
  state->operation = 0;
  device = fd;
}

int __wrap_fstat(int fd, struct stat *out) {
  int result = __real_fstat(fd, out);
  if (result != 0 || !S_ISREG(out->st_mode) || out->st_size != FLASH_BYTES) return result;
  map_chip(fd, getenv("LATCHKEY_FLASH"));
  out->st_mode = (out->st_mode & ~(mode_t)S_IFMT) | S_IFCHR;
  return 0;
}

static int erase(const struct erase_info_user *block) {
  static const uint8_t cleared[BLOCK];
  uint8_t erased[BLOCK];
  if (block->start % BLOCK != 0 || block->length != BLOCK || block->start > FLASH_BYTES - BLOCK) abort();
  memset(erased, 0xff, sizeof erased);
  state->erases++;
  state->operation = ERASE;
  uint32_t cut_step = step_of(state->erases == state->cut_erase, CLEAR_STEPS + ERASE_STEPS);
  change(chip + block->start, cleared, BLOCK, CLEAR_STEPS, ERASE_NS / 4, cut_step);
  change(chip + block->start, erased, BLOCK, ERASE_STEPS, ERASE_NS * 3 / 4, cut_step - CLEAR_STEPS);
  state->operation = 0;
  return 0;
}

int __wrap_ioctl(int fd, int request, ...) {
  va_list words;
  va_start(words, request);
  void *argument = va_arg(words, void *);
  va_end(words);
  if (fd != device || device < 0) return __real_ioctl(fd, request, argument);
  if (request == (int)MEMERASE) return erase(argument);
  if (request != (int)MEMGETINFO) abort();
  *(struct mtd_info_user *)argument = (struct mtd_info_user){
      .type = MTD_NORFLASH, .flags = MTD_CAP_NORFLASH, .size = FLASH_BYTES, .erasesize = BLOCK, .writesize = 1};
  return 0;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t at) {
  if (fd != device || device < 0) return __real_pwrite(fd, bytes, length, at);
  uint32_t address = (uint32_t)at, part = PAGE - address % PAGE;
  uint8_t wanted[PAGE];
  if (part > length) part = (uint32_t)length;
  if (address > FLASH_BYTES - part) abort();
  for (uint32_t i = 0; i < part; i++) wanted[i] = chip[address + i] & ((const uint8_t *)bytes)[i];
  state->programs++;
  state->operation = PROGRAM;
  change(chip + address, wanted, part, PROGRAM_STEPS, PROGRAM_NS, step_of(state->programs == state->cut_program, PROGRAM_STEPS));
  state->operation = 0;
  return part;
}
