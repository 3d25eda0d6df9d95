#include "main/heap.h"
#include <stdint.h>
#include <string.h>

#ifndef HEAP_BYTES
#error "board.json gives HEAP_BYTES"
#endif
#define ALIGN 4u /* all that a Cortex-M asks, eight-byte loads included */
#define SPLIT_BITS 4u /* sixteen lists for each power of two */
#define SPLITS (1u << SPLIT_BITS)
#define SMALL 64u /* below this, one list for each multiple of ALIGN */
#define LEVELS 16u
#define FREE 1u
#define PREVIOUS_FREE 2u
#define OVERHEAD 4u
#define LEAST 12u /* payload: two links and the following block's `previous` */

/* `previous` lies in the last word of the block before, and is valid only while that one is free. */
struct block {
  struct block *previous;
  uint32_t size; /* of the payload; its low bits are FREE and PREVIOUS_FREE */
  struct block *next_free, *previous_free;
};

static uint32_t arena[HEAP_BYTES / 4];
static struct block *lists[LEVELS][SPLITS];
static uint32_t level_map, split_maps[LEVELS];
static size_t used, peak;
bool heap_refused;

static uint32_t size_of(const struct block *b) { return b->size & ~3u; }
static void *payload(struct block *b) { return &b->next_free; }
static struct block *block_of(const void *p) {
  return (struct block *)((uint8_t *)p - offsetof(struct block, next_free));
}
static struct block *after(struct block *b) { return (struct block *)((uint8_t *)payload(b) + size_of(b) - 4u); }
static uint32_t high_bit(uint32_t size) { return 31u - (uint32_t)__builtin_clz(size); }

static void locate(uint32_t size, uint32_t *level, uint32_t *split) {
  if (size < SMALL) {
    *level = 0;
    *split = size / ALIGN;
  } else {
    uint32_t high = high_bit(size);
    *split = (size >> (high - SPLIT_BITS)) ^ SPLITS;
    *level = high - 5u;
  }
}

static void insert(struct block *b) {
  uint32_t level, split;
  locate(size_of(b), &level, &split);
  b->next_free = lists[level][split];
  b->previous_free = NULL;
  if (b->next_free) b->next_free->previous_free = b;
  lists[level][split] = b;
  level_map |= 1u << level;
  split_maps[level] |= 1u << split;
  struct block *next = after(b);
  b->size |= FREE;
  next->size |= PREVIOUS_FREE;
  next->previous = b;
}

static void take(struct block *b) {
  uint32_t level, split;
  locate(size_of(b), &level, &split);
  if (b->next_free) b->next_free->previous_free = b->previous_free;
  if (b->previous_free) {
    b->previous_free->next_free = b->next_free;
  } else {
    lists[level][split] = b->next_free;
    if (!b->next_free && (split_maps[level] &= ~(1u << split)) == 0) level_map &= ~(1u << level);
  }
  b->size &= ~FREE;
  after(b)->size &= ~PREVIOUS_FREE;
}

/* A block from the first list all of whose blocks are large enough. */
static struct block *find(uint32_t size) {
  if (size >= SMALL) size += (1u << (high_bit(size) - SPLIT_BITS)) - 1u;
  uint32_t level, split;
  locate(size, &level, &split);
  if (level >= LEVELS) return NULL;
  uint32_t map = split_maps[level] & (~0u << split);
  if (map == 0) {
    uint32_t levels = level_map & (~0u << (level + 1u));
    if (levels == 0) return NULL;
    level = (uint32_t)__builtin_ctz(levels);
    map = split_maps[level];
  }
  return lists[level][__builtin_ctz(map)];
}

/* Cuts a block in use to `size`; the rest is freed, joined with a free block behind it. */
static void trim(struct block *b, uint32_t size) {
  if (size_of(b) < size + OVERHEAD + LEAST) return;
  uint32_t rest = size_of(b) - size - OVERHEAD;
  b->size = size | (b->size & 3u);
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

static void count(uint32_t more, uint32_t less) {
  used += more - less;
  if (used > peak) peak = used;
}

void heap_start(void) {
  struct block *first = (struct block *)arena;
  memset(lists, 0, sizeof lists);
  memset(split_maps, 0, sizeof split_maps);
  level_map = 0;
  used = peak = 0;
  first->size = HEAP_BYTES - 12u;
  arena[HEAP_BYTES / 4 - 1] = 0; /* the size of a last block: no bytes, always in use */
  insert(first);
}

void *heap_allocate(size_t bytes) {
  if (bytes == 0 || bytes > HEAP_BYTES) return NULL;
  uint32_t size = rounded(bytes);
  struct block *b = find(size);
  if (!b) {
    heap_refused = true;
    return NULL;
  }
  take(b);
  trim(b, size);
  count(size_of(b) + OVERHEAD, 0);
  return payload(b);
}

void heap_free(void *memory) {
  if (!memory) return;
  struct block *b = block_of(memory);
  count(0, size_of(b) + OVERHEAD);
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
  if (size > had && (next->size & FREE) && had + OVERHEAD + size_of(next) >= size) {
    take(next);
    b->size += OVERHEAD + size_of(next);
  }
  if (size <= size_of(b)) {
    trim(b, size);
    count(size_of(b), had);
    return memory;
  }
  void *moved = heap_allocate(bytes);
  if (!moved) return NULL;
  memcpy(moved, memory, had);
  heap_free(memory);
  return moved;
}

bool heap_has(size_t bytes) { return bytes <= HEAP_BYTES && find(rounded(bytes)) != NULL; }
size_t heap_usable(const void *memory) { return memory ? size_of(block_of(memory)) : 0; }
size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }
