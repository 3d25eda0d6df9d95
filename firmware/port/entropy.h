/* Random bytes. These chips have no random source: see entropy.c for where they come from. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the next seed from flash and steps it on. Without one, nothing random is given. */
void entropy_start(void);
/* False when there is no seed. */
bool entropy_take(void *out, size_t length);
/* A number for protocols that want it unlikely to repeat, not secret. */
uint32_t entropy_word(void);
