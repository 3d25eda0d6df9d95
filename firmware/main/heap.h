/* The engine's arena: a two-level segregated-fit allocator (M. Masmano et al., TLSF, ECRTS 2004) over fixed memory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

void *heap_allocate(size_t bytes);
void *heap_resize(void *memory, size_t bytes);
void heap_free(void *memory);
size_t heap_usable(const void *memory);
/* Whether so much can be had in one piece, by the app within its bound while its code runs. */
bool heap_has(size_t bytes);

/* Bytes in use, and the most that ever were, both with the allocator's own four bytes a block. */
size_t heap_used(void);
size_t heap_peak(void);
/* Set when the arena had no room for the runtime; the code that asks later clears it first. */
extern bool heap_refused;
extern size_t heap_wanted; /* the bytes that it had no room for */
/* What is allocated while this is set is the app's, and APP_HEAP_BYTES bound it; set by app-guard.c. */
extern bool heap_for_app;
extern bool heap_app_over; /* it is broken off, for which there is always room: an error that can't be made can be caught */
extern bool heap_app_refused; /* the app wanted more than that, or than the arena had */
void heap_start(void);
