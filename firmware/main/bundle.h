/*
 * The JavaScript bundle in flash: top-level statements parted by form feeds, functions first (src/factory/bundle.ts).
 * They are compiled a few at a time, since a compiler's memory grows with what it is given at once.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PIECE_BYTES 3072u

struct bundle {
  uint32_t at, end;
};

struct bundle bundle_find(void);
/* The next whole statements, about PIECE_BYTES of them, as a text in the arena (heap_free it); NULL at the end. */
char *bundle_next(struct bundle *bundle, size_t *length);
