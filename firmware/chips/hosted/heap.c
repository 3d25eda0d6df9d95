/* The engine's arena on an operating system: its allocator, with a limit, a count, and a head before each piece that says whose it is. */
#include "main/heap.h"
#include <stdint.h>
#include <stdlib.h>

#ifndef APP_HEAP_BYTES
#define APP_HEAP_BYTES HEAP_BYTES
#endif
#define APP_OVERDRAFT 12288u /* as main/heap.c, for values of twice the size */
#define APP_LAST 2048u

struct head {
  _Alignas(16) size_t bytes;
  bool of_app;
};

static size_t used, peak, app_used;
static bool app_is_short; /* it was refused memory, and has not given up as much as its overdraft since */
bool heap_for_app, heap_app_refused, heap_app_over;
bool heap_refused;
size_t heap_wanted;

static struct head *head_of(const void *memory) { return (struct head *)(uintptr_t)memory - 1; }

void heap_start(void) {}

static bool fits(size_t bytes) { return used + sizeof(struct head) + bytes <= HEAP_BYTES; }
bool heap_has(size_t bytes) { return fits(bytes) && !(heap_for_app && app_used + bytes > APP_HEAP_BYTES); }

static void *refuse(size_t bytes) {
  *(heap_for_app ? &heap_app_refused : &heap_refused) = true;
  heap_wanted = bytes;
  return NULL;
}

/* Whether the app's code is at work and has no more than this left. */
static bool is_beyond(size_t bytes) {
  if (!heap_for_app) return false;
  if (app_used + APP_OVERDRAFT < APP_HEAP_BYTES) app_is_short = false;
  size_t more = (app_is_short ? APP_OVERDRAFT : 0u) + (heap_app_over ? APP_LAST : 0u);
  if (app_used + bytes <= APP_HEAP_BYTES + more) return false;
  return app_is_short = true;
}

static void count(const struct head *head, size_t more, size_t less) {
  used += more - less;
  if (head->of_app) app_used += more - less;
  if (used > peak) peak = used;
}

void *heap_allocate(size_t bytes) {
  size_t whole = sizeof(struct head) + bytes;
  if (bytes == 0) return NULL;
  if (!fits(bytes) || is_beyond(whole)) return refuse(bytes);
  struct head *head = malloc(whole);
  if (head == NULL) return refuse(bytes);
  *head = (struct head){.bytes = bytes, .of_app = heap_for_app};
  count(head, whole, 0);
  return head + 1;
}

void heap_free(void *memory) {
  if (memory == NULL) return;
  struct head *head = head_of(memory);
  count(head, 0, sizeof *head + head->bytes);
  free(head);
}

void *heap_resize(void *memory, size_t bytes) {
  if (memory == NULL) return heap_allocate(bytes);
  struct head *head = head_of(memory);
  size_t had = head->bytes;
  if (bytes == 0) {
    heap_free(memory);
    return NULL;
  }
  if (bytes > had && (used + (bytes - had) > HEAP_BYTES || is_beyond(bytes - had))) return refuse(bytes);
  struct head *moved = realloc(head, sizeof *head + bytes);
  if (moved == NULL) return refuse(bytes);
  moved->bytes = bytes;
  count(moved, bytes, had);
  return moved + 1;
}

size_t heap_usable(const void *memory) { return memory ? head_of(memory)->bytes : 0; }
size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }
