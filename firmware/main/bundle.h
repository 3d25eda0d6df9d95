/*
 * The JavaScript bundle in flash: top-level statements parted by form feeds, functions first (src/factory/bundle-pieces.ts).
 * They are compiled a few at a time, since a compiler's memory grows with what it is given at once.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What is left of the bundle. */
struct bundle {
  uint32_t at, end;
};

/* The bundle that the boot stage named. */
struct bundle bundle_find(void);
/* The same from an address within it. */
struct bundle bundle_from(uint32_t address);
/* Bytes of the statement at the start of what is left. */
uint32_t bundle_statement_bytes(const struct bundle *bundle);
/* Takes whole statements, about 3 KB of them, as a text in the arena (heap_free it); NULL at the end. */
char *bundle_next(struct bundle *bundle, size_t *length);
