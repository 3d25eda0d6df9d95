/* Keys derived from the unit's device key, which only this unit can compute. They are as secret as the device key is. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIT_KEY_BYTES 16u

/* The first 16 bytes of SHA-512(purpose, device key's seed, about); a secret of the chip (chip_secret) stands for the seed where there is one.
 * False on a unit that has no device key yet, where zeros stand for the seed and anybody can compute it. */
bool unit_key(const char *purpose, const void *about, size_t length, uint8_t key[UNIT_KEY_BYTES]);
