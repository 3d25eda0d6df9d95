/* The engine's arena on an operating system: its allocator, with a limit and a count. */
#include "main/heap.h"
#include <malloc.h>
#include <stdlib.h>

static size_t used, peak;
/* Whose a piece is, malloc does not keep: the app has no bound of its own here, and HEAP_BYTES is the bound of all. */
bool heap_for_app, heap_app_refused, heap_app_over;
bool heap_refused;
size_t heap_wanted;

void heap_start(void) {}

bool heap_has(size_t bytes) { return used + bytes <= HEAP_BYTES; }

static bool refuse(size_t bytes) {
  *(heap_for_app ? &heap_app_refused : &heap_refused) = true;
  heap_wanted = bytes;
  return true;
}

static void *counted(void *memory) {
  used += malloc_usable_size(memory);
  if (used > peak) peak = used;
  return memory;
}

void *heap_allocate(size_t bytes) {
  if (bytes == 0 || (!heap_has(bytes) && refuse(bytes))) return NULL;
  void *memory = malloc(bytes);
  return memory || !refuse(bytes) ? counted(memory) : NULL;
}

void heap_free(void *memory) {
  used -= malloc_usable_size(memory);
  free(memory);
}

void *heap_resize(void *memory, size_t bytes) {
  if (memory == NULL) return heap_allocate(bytes);
  size_t had = malloc_usable_size(memory);
  if (bytes == 0) {
    heap_free(memory);
    return NULL;
  }
  if (bytes > had && !heap_has(bytes - had) && refuse(bytes)) return NULL;
  void *moved = realloc(memory, bytes);
  if (moved == NULL && refuse(bytes)) return NULL;
  used -= had;
  return counted(moved);
}

size_t heap_usable(const void *memory) { return malloc_usable_size((void *)memory); }
size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }
