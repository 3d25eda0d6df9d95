/* The functions that libsodium requires in every image. */
#include <string.h>
#include "main/report.h"
#include "port/sodium.h"

void sodium_misuse(void) { report_and_restart(RESET_FAULT, "libsodium was misused"); }

void sodium_memzero(void *memory, size_t length) {
  memset(memory, 0, length);
  __asm__ volatile("" : : "r"(memory) : "memory"); /* as if it were read: the compiler may not leave the zeroes out */
}

int sodium_memcmp(const void *a, const void *b, size_t length) {
  const volatile uint8_t *x = a, *y = b;
  uint8_t difference = 0;
  while (length--) difference |= *x++ ^ *y++;
  return (1 & ((difference - 1) >> 8)) - 1;
}

int sodium_is_zero(const unsigned char *bytes, size_t length) {
  uint8_t any = 0;
  while (length--) any |= *bytes++;
  return 1 & ((any - 1) >> 8);
}
