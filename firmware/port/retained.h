/*
 * What a sleep keeps, in memory that the reset at its end leaves alone and a power cut loses: bytes of the app, and what ended the sleep.
 * Right for one start only, the one that ends the sleep.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "chips/chip.h"

#define RETAINED_BYTES 256u
/* The chip tells at the start what ended the sleep. */
#define WAKE_BY_RESET 4u

void retained_keep(const uint8_t *bytes, size_t length); /* at most RETAINED_BYTES */
void retained_wake(uint32_t woken_by);
/* Once at the start: WAKE_START, with nothing kept, unless a sleep ended and its record is whole. */
enum wake retained_take(void);
const uint8_t *retained_bytes(size_t *length);
