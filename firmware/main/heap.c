/* A session takes and gives back a few thousand pieces, a tenth of its instructions: for speed, unlike the rest. */
#pragma GCC optimize("O2")
#include "main/heap.h"
#include <stdint.h>
#include <string.h>

#ifndef HEAP_BYTES
#error "board.json gives HEAP_BYTES"
#endif
#ifndef APP_HEAP_BYTES
#define APP_HEAP_BYTES HEAP_BYTES
#endif
#define APP_OVERDRAFT 6144u /* for the words of what is thrown when it has no more, and for its state to be kept */
#define APP_LAST 1024u /* for the error that breaks it off */
#define ALIGN 4u /* all that a Cortex-M asks, eight-byte loads included */
#define SPLIT_BITS 4u /* sixteen lists for each power of two */
#define SPLITS (1u << SPLIT_BITS)
#define SMALL 64u /* below this, one list for each multiple of ALIGN */
#define LEVELS 16u
#define NOWHERE (LEVELS * SPLITS)
#define FREE 1u
#define PREVIOUS_FREE 2u
#define APP 0x80000000u /* of a block in use: it was allocated for the app */
#define SIZE 0x7ffffffcu
#define OVERHEAD 4u
#define LEAST 12u /* payload: two links and the following block's `previous` */

/* `previous` lies in the last word of the block before, and is valid only while that one is free. */
struct block {
  struct block *previous;
  uint32_t size; /* of the payload; its other bits are FREE, PREVIOUS_FREE and APP */
  struct block *next_free, *previous_free;
};

static uint32_t arena[HEAP_BYTES / 4];
static struct block *lists[LEVELS * SPLITS];
static uint32_t level_map, split_maps[LEVELS];
static size_t used, peak, app_used;
static bool app_is_short; /* it was refused memory, and has not given up as much as its overdraft since */
bool heap_for_app, heap_app_refused, heap_app_over;
bool heap_refused;
size_t heap_wanted;

static uint32_t size_of(const struct block *b) { return b->size & SIZE; }
static void *payload(struct block *b) { return &b->next_free; }
static struct block *block_of(const void *p) {
  return (struct block *)((uint8_t *)p - offsetof(struct block, next_free));
}
static struct block *after(struct block *b) { return (struct block *)((uint8_t *)payload(b) + size_of(b) - 4u); }
static uint32_t high_bit(uint32_t size) { return 31u - (uint32_t)__builtin_clz(size); }

/* The number of the list for blocks of this size: level * SPLITS + split. */
static uint32_t list_of(uint32_t size) {
  if (size < SMALL) return size / ALIGN;
  uint32_t high = high_bit(size);
  return (high - 6u) * SPLITS + (size >> (high - SPLIT_BITS)); /* whose highest bit makes it one level more */
}

static void insert(struct block *b) {
  uint32_t list = list_of(size_of(b));
  struct block *first = lists[list], *next = after(b);
  b->next_free = first;
  b->previous_free = NULL;
  if (first) first->previous_free = b;
  lists[list] = b;
  level_map |= 1u << list / SPLITS;
  split_maps[list / SPLITS] |= 1u << list % SPLITS;
  b->size |= FREE;
  next->size |= PREVIOUS_FREE;
  next->previous = b;
}

/* Takes a block out of its list, and says that it is in use. */
static inline void take_from(uint32_t list, struct block *b) {
  struct block *next = b->next_free, *previous = b->previous_free;
  if (next) next->previous_free = previous;
  if (previous) {
    previous->next_free = next;
  } else {
    lists[list] = next;
    if (!next && (split_maps[list / SPLITS] &= ~(1u << list % SPLITS)) == 0) level_map &= ~(1u << list / SPLITS);
  }
  b->size &= ~FREE;
  after(b)->size &= ~PREVIOUS_FREE;
}

static void take(struct block *b) { take_from(list_of(size_of(b)), b); }

/* The first list with a block in it whose blocks are all large enough; NOWHERE when there is none. */
static inline uint32_t find(uint32_t size) {
  if (size >= SMALL) size += (1u << (high_bit(size) - SPLIT_BITS)) - 1u;
  uint32_t list = list_of(size), level = list / SPLITS;
  if (level >= LEVELS) return NOWHERE;
  uint32_t map = split_maps[level] & (~0u << list % SPLITS);
  if (map == 0) {
    uint32_t levels = level_map & (~0u << (level + 1u));
    if (levels == 0) return NOWHERE;
    level = (uint32_t)__builtin_ctz(levels);
    map = split_maps[level];
  }
  return level * SPLITS + (uint32_t)__builtin_ctz(map);
}

/* Cuts a block in use to `size`; the rest is freed, joined with a free block behind it. */
static void trim(struct block *b, uint32_t size) {
  if (size_of(b) < size + OVERHEAD + LEAST) return;
  uint32_t rest = size_of(b) - size - OVERHEAD;
  b->size = size | (b->size & ~SIZE);
  struct block *tail = after(b), *next = (struct block *)((uint8_t *)payload(tail) + rest - 4u);
  if (next->size & FREE) {
    take(next);
    rest += OVERHEAD + size_of(next);
  }
  tail->size = rest;
  insert(tail);
}

static uint32_t rounded(size_t bytes) {
  uint32_t size = ((uint32_t)bytes + ALIGN - 1u) & ~(ALIGN - 1u);
  return size < LEAST ? LEAST : size;
}

static void count(const struct block *b, uint32_t more, uint32_t less) {
  used += more - less;
  if (b->size & APP) app_used += more - less;
  if (used > peak) peak = used;
}

/* Whether the app's code is at work and has no more than this left. */
static bool is_beyond(uint32_t bytes) {
  if (!heap_for_app) return false;
  if (app_used + APP_OVERDRAFT < APP_HEAP_BYTES) app_is_short = false;
  uint32_t more = (app_is_short ? APP_OVERDRAFT : 0u) + (heap_app_over ? APP_LAST : 0u);
  if (app_used + bytes <= APP_HEAP_BYTES + more) return false;
  heap_wanted = bytes;
  return heap_app_refused = app_is_short = true;
}

void heap_start(void) {
  struct block *first = (struct block *)arena;
  memset(lists, 0, sizeof lists);
  memset(split_maps, 0, sizeof split_maps);
  level_map = 0;
  used = peak = app_used = 0;
  app_is_short = false;
  first->size = sizeof arena - sizeof(struct block) - OVERHEAD;
  after(first)->size = 0; /* a last block: no bytes, always in use */
  insert(first);
}

void *heap_allocate(size_t bytes) {
  if (bytes == 0 || bytes > HEAP_BYTES) return NULL;
  uint32_t size = rounded(bytes);
  if (is_beyond(size)) return NULL;
  uint32_t list = find(size);
  if (list == NOWHERE) {
    *(heap_for_app ? &heap_app_refused : &heap_refused) = true;
    heap_wanted = bytes;
    return NULL;
  }
  struct block *b = lists[list];
  take_from(list, b);
  if (heap_for_app) b->size |= APP;
  trim(b, size);
  count(b, size_of(b) + OVERHEAD, 0);
  return payload(b);
}

void heap_free(void *memory) {
  if (!memory) return;
  struct block *b = block_of(memory);
  count(b, 0, size_of(b) + OVERHEAD);
  b->size &= ~APP;
  struct block *next = after(b);
  if (next->size & FREE) {
    take(next);
    b->size += OVERHEAD + size_of(next);
  }
  if (b->size & PREVIOUS_FREE) {
    struct block *previous = b->previous;
    take(previous);
    previous->size += OVERHEAD + size_of(b);
    b = previous;
  }
  insert(b);
}

void *heap_resize(void *memory, size_t bytes) {
  if (!memory) return heap_allocate(bytes);
  if (bytes == 0) {
    heap_free(memory);
    return NULL;
  }
  if (bytes > HEAP_BYTES) return NULL;
  uint32_t size = rounded(bytes);
  struct block *b = block_of(memory), *next = after(b);
  uint32_t had = size_of(b);
  if (size > had && is_beyond(size - had)) return NULL;
  if (size > had && (next->size & FREE) && had + OVERHEAD + size_of(next) >= size) {
    take(next);
    b->size += OVERHEAD + size_of(next);
  }
  if (size <= size_of(b)) {
    trim(b, size);
    count(b, size_of(b), had);
    return memory;
  }
  void *moved = heap_allocate(bytes);
  if (!moved) return NULL;
  memcpy(moved, memory, had);
  heap_free(memory);
  return moved;
}

bool heap_has(size_t bytes) {
  if (bytes > HEAP_BYTES || (heap_for_app && app_used + bytes > APP_HEAP_BYTES)) return false;
  return find(rounded(bytes)) != NOWHERE;
}
size_t heap_usable(const void *memory) { return memory ? size_of(block_of(memory)) : 0; }
size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }
