/* The key set that the seeds of `slot` and `recover` are signed under: a product and one release key. */
#pragma once
#include "boot/signed.h"

static const uint8_t known_key[32] = {0x42};
static const struct keyset known_keyset = {{(const uint8_t *)"fuzz", 4}, {known_key}, 1};
