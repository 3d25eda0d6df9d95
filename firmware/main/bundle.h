/*
 * The JavaScript bundle in flash: plain text, whose top-level statements are separated by form feeds, functions first
 * (src/factory/bundle/pieces.ts). Statements are compiled a few at a time, because a compiler's memory grows with what it is
 * given at once. Places are counted in bytes from the bundle's start.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the bundle that the boot stage named; ends the run when it named none. */
uint32_t bundle_bytes(void);
/* Bytes up to and without the first form feed behind `least` bytes, or all that is left. */
uint32_t bundle_statement_bytes(uint32_t place, uint32_t least);
void bundle_read(uint32_t place, void *bytes, uint32_t length);

/*
 * The text of statements, in the arena: one byte of room in front of it, then `bytes` of text, a zero, and room for one more
 * byte behind that. NULL when there is no room. The caller frees it with heap_free.
 */
char *bundle_text(uint32_t place, uint32_t bytes);
