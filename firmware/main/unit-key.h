/* Keys that only this unit can make: they follow from its device key, and are as well kept as that one is. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIT_KEY_BYTES 16u

/* The first 16 bytes of SHA-512(purpose, device key's seed, about). False on a unit that has no device key yet. */
bool unit_key(const char *purpose, const void *about, size_t length, uint8_t key[UNIT_KEY_BYTES]);
