/*
 * The JavaScript bundle in flash: top-level statements parted by form feeds, functions first (src/factory/bundle/pieces.ts).
 * They are compiled a few at a time, since a compiler's memory grows with what it is given at once. Places are counted
 * from the bundle's start.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the bundle that the boot stage named; ends the run when it named none. */
uint32_t bundle_bytes(void);
/* Bytes up to and without the first form feed behind `least` bytes, or all that is left. */
uint32_t bundle_statement_bytes(uint32_t place, uint32_t least);
void bundle_read(uint32_t place, void *bytes, uint32_t length);
