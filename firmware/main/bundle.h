/*
 * The JavaScript bundle in flash: top-level statements parted by form feeds, functions first (src/factory/bundle/pieces.ts),
 * in which bytes from 0x80 on stand for words of a list in front (src/codec/host/word-packing.ts). They are compiled a few
 * at a time, since a compiler's memory grows with what it is given at once. Places are counted from the bundle's start.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the bundle that the boot stage named; ends the run when it named none. */
uint32_t bundle_bytes(void);
/* Where the first statement begins. */
uint32_t bundle_first(void);
/* Bytes up to and without the first form feed behind `least` bytes, or all that is left. */
uint32_t bundle_statement_bytes(uint32_t place, uint32_t least);
void bundle_read(uint32_t place, void *bytes, uint32_t length);

/* What declarations begin with, by their words' numbers; a name follows, as it is. */
#define BUNDLE_DECLARATIONS 4u
extern const char *const bundle_declarations[BUNDLE_DECLARATIONS];
#define BUNDLE_FIRST_WORD 0x80u

/*
 * The text of statements, in the arena, with room for a byte in front of it and two and a zero behind; `length` counts the
 * text alone. NULL without room. The list of words stays in the arena until it is let go of.
 */
char *bundle_text(uint32_t place, uint32_t bytes, uint32_t *length);
void bundle_let_words_go(void);
