#include "tls/memory.h"
#include <string.h>
#include "main/heap.h"

static size_t used, peak;
static bool was_short;

/* The arena may give more than it was asked for, so `used` can be above the limit: compare before subtracting. */
static bool fits(size_t bytes) { return used < TLS_BYTES_MAX && bytes <= TLS_BYTES_MAX - used; }

void *tls_allocate(size_t count, size_t bytes) {
  size_t all;
  void *memory = __builtin_mul_overflow(count, bytes, &all) || !fits(all) ? NULL : heap_allocate(all);
  was_short |= memory == NULL;
  if (memory == NULL) return NULL;
  memset(memory, 0, all);
  used += heap_usable(memory);
  if (used > peak) peak = used;
  return memory;
}

void tls_release(void *memory) {
  if (memory == NULL) return;
  used -= heap_usable(memory);
  heap_free(memory);
}

size_t tls_memory_used(void) { return used; }
size_t tls_memory_peak(void) { return peak; }
bool tls_memory_was_short(void) { return was_short; }

void tls_memory_note(void) { was_short = false; }

void tls_memory_start(void) {
  peak = used;
  was_short = false;
}
