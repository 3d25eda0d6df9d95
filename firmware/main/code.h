/*
 * The compiled code of the bundle that runs, beside its slot in flash. It is behind a tag whose key is the unit's own, so that
 * code which another unit, another engine or another release made, and code that was changed, is compiled again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "quickjs.h"

#define CODE_TAG_BYTES 16u
/* What it takes in flash: whole words, since it is written by itself. */
#define CODE_TAG_PLACE (FLASH_WRITE_BYTES > CODE_TAG_BYTES ? FLASH_WRITE_BYTES : CODE_TAG_BYTES)

/* Where code of the bundle that runs lies in flash, and how much may. */
struct code_region {
  uint32_t start, bytes;
};
struct code_region code_region(void);
/* The tag over these bytes; false on a unit that has no key of its own yet. */
bool code_tag(const uint8_t *bytes, size_t length, uint8_t tag[CODE_TAG_BYTES]);

/*
 * Checks what lies in flash; the engine then starts with it. False when it must be compiled first, as always on a unit that has no
 * key of its own yet, except for what it compiled at this very start.
 */
bool code_open(bool is_new);
/* Runs the next of the statements that run once; false behind the last. `result` may be an exception. */
bool code_next(JSContext *ctx, JSValue *result);
/* Deletes the functions and constants that were made of the code; each is made again when it is next named. */
void code_forget(JSContext *ctx);
