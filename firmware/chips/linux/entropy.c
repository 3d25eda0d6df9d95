/* Random bytes from the kernel, which waits at the machine's first start until it has gathered enough. */
#include "port/entropy.h"
#include <sys/random.h>

void entropy_start(void) {}

bool entropy_take(void *out, size_t length) {
  uint8_t *at = out;
  while (length > 0) {
    ssize_t got = getrandom(at, length, 0);
    if (got < 0) continue; /* a signal came */
    at += got;
    length -= (size_t)got;
  }
  return true;
}

uint32_t entropy_word(void) {
  uint32_t word;
  entropy_take(&word, sizeof word);
  return word;
}
