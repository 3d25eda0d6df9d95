/* Reads the unit's settings by name (PROTOCOL 8.2), for the boot stage. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * The values that the boot stage wants, from one reading of the log; a length of 0 means there is none. Of key sets there
 * may be two: the one in use, and the one before, by which what runs was signed.
 */
#define KEY_SETS 2u
struct settings {
  uint8_t product[64], hardware[2], roots[160], key_sets[KEY_SETS][800];
  uint32_t product_bytes, hardware_bytes, roots_bytes, key_set_bytes[KEY_SETS];
};

void settings_read(struct settings *settings);
